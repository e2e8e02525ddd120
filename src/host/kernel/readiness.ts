import { Socket } from 'node:net'

/** Of Node's own stream of a pipe, what is needed here. */
interface Handle {
  onread: () => void
  useUserBuffer(buffer: Uint8Array): void
  readStart(): number
  readStop(): number
}

/**
 * Tells when a FIFO can be read, and leaves the reading to whoever is told: again and again until all has been read, and also at its
 * end. libuv, given no room to read into, reports that and consumes nothing (uv_alloc_cb, UV_ENOBUFS). Disposing closes the FIFO.
 */
export class Readiness implements Disposable {
  readonly #socket: Socket
  readonly #handle: Handle
  #isPaused = true

  /** `fd` is a FIFO's, opened without blocking. Nothing is told before `resume`. */
  constructor(fd: number, onReadable: () => void) {
    this.#socket = new Socket({ fd, readable: true, writable: false })
    this.#socket.pause()
    this.#handle = (this.#socket as unknown as { _handle: Handle })._handle
    this.#handle.useUserBuffer(new Uint8Array(0))
    this.#handle.onread = onReadable
  }

  get isPaused(): boolean {
    return this.#isPaused
  }

  pause(): void {
    if (!this.#isPaused) this.#handle.readStop()
    this.#isPaused = true
  }

  resume(): void {
    if (this.#isPaused && !this.#socket.destroyed) this.#handle.readStart()
    this.#isPaused = false
  }

  [Symbol.dispose](): void {
    this.#socket.destroy()
  }
}
