import { closeSync, constants, openSync } from 'node:fs'
import { Socket } from 'node:net'
import type { WriteStream } from 'node:tty'
import { makeFifo } from '#host/kernel/fifo.ts'

/** A process's input. What clients send before it is there waits; so does that they have ended it. */
export class Input implements Disposable {
  #target: Socket | WriteStream | undefined
  #early: Buffer[] = []
  #ended = false

  /** Makes the FIFO that a process reads its input from and returns the descriptor to hand to it. */
  open(path: string): number {
    makeFifo(path)
    const reading = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    this.reopen(path)
    // The first description is non-blocking, which programs do not expect of their input: open the FIFO once more.
    const blocking = openSync(path, constants.O_RDONLY)
    closeSync(reading)
    return blocking
  }

  /** Takes the writing end of a FIFO that a process reads already; without such a process nothing happens. */
  reopen(path: string): void {
    try {
      this.use(new Socket({ fd: openSync(path, constants.O_WRONLY | constants.O_NONBLOCK), readable: false, writable: true }))
    } catch {
      // ENXIO: nobody reads it any more.
    }
  }

  use(target: Socket | WriteStream): void {
    this.#target = target
    target.on('error', () => target.destroy())
    for (const chunk of this.#early) target.write(chunk)
    this.#early = []
    if (this.#ended) target.end()
  }

  /** What `client` sends goes to the process; a process that does not read holds the client back. */
  take(client: Socket, onEnd: () => void): void {
    client.on('data', (chunk: Buffer) => {
      if (this.#write(chunk)) return
      client.pause()
      this.#target?.once('drain', () => client.resume())
    })
    client.on('end', onEnd)
  }

  end(): void {
    this.#ended = true
    this.#target?.end()
  }

  [Symbol.dispose](): void {
    this.#target?.destroy()
  }

  #write(chunk: Buffer): boolean {
    if (this.#target === undefined) this.#early.push(chunk)
    else if (this.#target.writable) return this.#target.write(chunk)
    return true
  }
}
