import { closeSync, constants, openSync } from 'node:fs'
import { Socket } from 'node:net'
import type { WriteStream } from 'node:tty'
import { makeFifo } from '#host/kernel/fifo.ts'

/** Bytes that wait for a process that is not there yet; then clients wait. */
const mostEarly = 1 << 20

/** A process's input. What clients send before it is there waits; so does that they have ended it. */
export class Input implements Disposable {
  #target: Socket | WriteStream | undefined
  #early: Buffer[] = []
  #earlySize = 0
  #ended = false
  #isOver = false
  /** Clients that send more than the process takes. */
  readonly #heldBack = new Set<Socket>()

  /** Makes the FIFO that a process reads its input from and returns the descriptor to hand to it. */
  open(path: string): number {
    makeFifo(path)
    const reading = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    try {
      this.reopen(path)
      // The first description is non-blocking, which programs do not expect of their input: open the FIFO once more.
      return openSync(path, constants.O_RDONLY)
    } finally {
      closeSync(reading)
    }
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
    const letGo = (): void => this.#letGo()
    target.on('error', () => target.destroy()).on('drain', letGo)
    for (const chunk of this.#early) target.write(chunk)
    this.#early = []
    if (this.#ended) target.end()
    if (!target.writableNeedDrain) letGo()
  }

  /** What `client` sends goes to the process; a process that does not read holds the client back for as long as it is there. */
  take(client: Socket, onEnd: () => void): void {
    client.on('data', (chunk: Buffer) => {
      if (this.#write(chunk)) return
      client.pause()
      this.#heldBack.add(client)
    })
    client.on('end', onEnd).on('close', () => this.#heldBack.delete(client))
  }

  end(): void {
    this.#ended = true
    this.#target?.end()
  }

  /** Whatever is still sent goes nowhere; read it must be, or nobody would notice that its client has gone. */
  [Symbol.dispose](): void {
    this.#target?.destroy()
    this.#early = []
    this.#isOver = true
    this.#letGo()
  }

  /** False when the client is to wait. */
  #write(chunk: Buffer): boolean {
    if (this.#isOver) return true
    if (this.#target !== undefined) return !this.#target.writable || this.#target.write(chunk)
    this.#early.push(chunk)
    this.#earlySize += chunk.length
    return this.#earlySize < mostEarly
  }

  #letGo(): void {
    for (const client of this.#heldBack) client.resume()
    this.#heldBack.clear()
  }
}
