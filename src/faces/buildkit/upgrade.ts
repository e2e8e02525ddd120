import type { Socket } from 'node:net'
import { GalleyError } from '#base/error.ts'
import type { Call } from '#faces/docker/route.ts'

/** Throws `invalid` for a request without `Upgrade: h2c`, worded as BuildKit does (session/manager.go). */
export function checkUpgrade({ request }: Call): void {
  const { upgrade: protocol = '' } = request.headers
  if (protocol.toLowerCase() === 'h2c') return
  const problem = protocol === '' ? 'no upgrade proto in request' : `protocol ${protocol} not supported`
  throw new GalleyError('invalid', problem, { code: 'buildkit.no-upgrade' })
}

/** Turns a request's connection over to HTTP/2, as `Upgrade: h2c` asks for. Throws as `checkUpgrade`. */
export async function upgrade(call: Call): Promise<Socket> {
  checkUpgrade(call)
  const { request, response } = call
  const { socket } = response
  if (socket === null) throw new GalleyError('unavailable', 'the client went away')
  response.detachSocket(socket)
  request.socket.removeAllListeners('timeout')
  request.socket.setTimeout(0)
  // Whoever vanishes without a word, over TCP, is noticed.
  request.socket.setKeepAlive(true, 30_000)
  // The server keeps connections of which one half has ended; in HTTP/2, that is the end of the whole.
  socket.on('end', () => socket.destroy())
  // Node ends the whole process when HTTP/2 takes over a TLS connection on which something is still being written.
  await new Promise((resolve) => socket.write('HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n', resolve))
  if (socket.destroyed) throw new GalleyError('unavailable', 'the client went away')
  return socket
}
