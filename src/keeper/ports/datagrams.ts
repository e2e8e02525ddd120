import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { isIPv6 } from 'node:net'
import type { Clock } from '#base/clock.ts'
import type { Forwarder, HeldPort } from './held-ports.ts'

/** Milliseconds after which a client that says nothing is forgotten. */
const longestSilence = 90_000
/** Clients of one port at once; a new one takes the place of the oldest. */
const mostClients = 1024

interface Client {
  readonly target: Socket
  timer: Disposable
}

/** Listens on a UDP port of the host and passes datagrams on, each client from a socket of its own so that answers find back. */
export async function forwardDatagrams({ address, port, to }: HeldPort, clock: Clock): Promise<Forwarder> {
  let led = to
  const server = createSocket({ type: isIPv6(address) ? 'udp6' : 'udp4', ipv6Only: isIPv6(address) })
  server.bind({ address, port, exclusive: true })
  await once(server, 'listening')
  server.on('error', () => undefined)
  const clients = new Map<string, Client>()
  const forget = (key: string): void => {
    const client = clients.get(key)
    clients.delete(key)
    client?.timer[Symbol.dispose]()
    client?.target.close()
  }
  server.on('message', (message, from) => {
    const key = `${from.address} ${from.port}`
    const client = clients.get(key) ?? welcome(server, { from, to: led })
    if (!clients.has(key) && clients.size >= mostClients) forget(clients.keys().next().value ?? '')
    clients.get(key)?.timer[Symbol.dispose]()
    client.timer = clock.after(longestSilence, () => forget(key))
    clients.set(key, client)
    client.target.send(message, led.port, led.address)
  })
  return {
    lead(next) {
      led = next
      // Sockets of the other target's family would not reach this one.
      for (const key of clients.keys()) forget(key)
    },
    async [Symbol.asyncDispose]() {
      for (const key of clients.keys()) forget(key)
      server.close()
      await once(server, 'close')
    },
  }
}

function welcome(server: Socket, { from, to }: { readonly from: RemoteInfo; readonly to: HeldPort['to'] }): Client {
  const target = createSocket(isIPv6(to.address) ? 'udp6' : 'udp4')
  target.on('error', () => undefined)
  target.on('message', (answer) => server.send(answer, from.port, from.address))
  return { target, timer: { [Symbol.dispose]: () => undefined } }
}
