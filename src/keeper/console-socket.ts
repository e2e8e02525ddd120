import { createServer, type Server, type Socket } from 'node:net'
import { receiveFd } from '#host/tty/receive-fd.ts'
import { systemClock } from '#base/clock.ts'

/** Listens where the OCI runtime sends a terminal's controlling side (`--console-socket`). */
export class ConsoleSocket implements Disposable {
  readonly #server: Server

  constructor(path: string, onTerminal: (fd: number) => void) {
    this.#server = createServer({ pauseOnConnect: true }, (socket) => take(socket, onTerminal))
    // The runtime finds nobody there then, and says so in its log.
    this.#server.on('error', (error) => process.stderr.write(`${error.message}\n`))
    this.#server.listen(path)
  }

  [Symbol.dispose](): void {
    this.#server.close()
  }
}

/** Node reads no ancillary data, so the descriptor is taken from the connection's own socket. */
function take(socket: Socket, onTerminal: (fd: number) => void): void {
  const handle = (socket as unknown as { _handle: { fd: number } })._handle
  const attempt = (): void => {
    const fd = receiveFd(handle.fd)
    if (fd === undefined) {
      systemClock.after(1, attempt)
      return
    }
    socket.destroy()
    // A runtime that was killed between the two says nothing.
    if (fd !== 'closed') onTerminal(fd)
  }
  attempt()
}
