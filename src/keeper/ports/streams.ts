import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import type { Forwarder, HeldPort } from './held-ports.ts'

/** A peer that went without a word, as with its machine, is asked for after so long a silence, in milliseconds (docker-proxy: 15 s), and let go when it does not answer. */
const alive = { keepAlive: true, keepAliveInitialDelay: 15_000 }

/** Listens on a TCP port of the host and passes connections on. Rejects when the port can't be had. */
export async function forwardStreams({ address, port, to }: HeldPort): Promise<Forwarder> {
  const open = new Set<Socket>()
  let target = to
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, ...alive }, (client) => {
    const further = connect({ host: target.address, port: target.port, allowHalfOpen: true, ...alive })
    for (const socket of [client, further]) {
      open.add(socket)
      socket.once('close', () => open.delete(socket))
    }
    join(client, further)
  })
  server.listen({ host: address, port, ipv6Only: true })
  await once(server, 'listening')
  server.on('error', () => undefined)
  return {
    lead(next) {
      target = next
    },
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

/** Each side's end of input ends the other's output; an error or a reset ends both. */
function join(client: Socket, target: Socket): void {
  for (const [from, to] of [
    [client, target],
    [target, client],
  ] as const) {
    from.on('error', () => to.destroy())
    from.once('close', () => to.destroySoon())
    from.pipe(to)
  }
}
