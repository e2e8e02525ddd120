import type { Socket } from 'node:net'
import { GalleyError } from '#base/error.ts'

/** Bytes that a server sends, taken in the portions that its protocol says. */
export class Conversation implements Disposable {
  readonly #socket: Socket
  #held = Buffer.alloc(0)
  #woken = Promise.withResolvers<void>()
  #over: Error | undefined

  /** Ends with `signal`. */
  constructor(socket: Socket, signal: AbortSignal) {
    this.#socket = socket
    signal.addEventListener('abort', () => socket.destroy(), { once: true })
    socket.on('data', (chunk: Buffer) => {
      this.#held = Buffer.concat([this.#held, chunk])
      this.#wake()
    })
    socket.on('error', (error) => this.#end(error))
    socket.on('close', () => this.#end(new GalleyError('unavailable', 'the server closed the connection')))
  }

  write(bytes: Uint8Array): void {
    this.#socket.write(bytes)
  }

  /** The next `count` bytes. Throws what ended the connection before they came. */
  async read(count: number): Promise<Buffer> {
    while (this.#held.length < count) {
      if (this.#over !== undefined) throw this.#over
      await this.#woken.promise
      this.#woken = Promise.withResolvers()
    }
    const bytes = this.#held.subarray(0, count)
    this.#held = this.#held.subarray(count)
    return bytes
  }

  #end(error: Error): void {
    this.#over ??= error
    this.#wake()
  }

  #wake(): void {
    this.#woken.resolve()
  }

  [Symbol.dispose](): void {
    this.#socket.destroy()
  }
}
