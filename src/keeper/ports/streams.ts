import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import type { HeldPort } from './held-ports.ts'

/** Listens on a TCP port of the host and passes connections on. Rejects when the port can't be had. */
export async function forwardStreams({ address, port, to }: HeldPort): Promise<AsyncDisposable> {
  const open = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (client) => {
    const target = connect({ host: to.address, port: to.port, allowHalfOpen: true })
    for (const socket of [client, target]) {
      open.add(socket)
      socket.once('close', () => open.delete(socket))
    }
    join(client, target)
  })
  server.listen({ host: address, port, ipv6Only: true })
  await once(server, 'listening')
  server.on('error', () => undefined)
  return {
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
