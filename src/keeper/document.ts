import { closeSync, constants, existsSync, openSync, renameSync, statSync, writeFileSync, writeSync } from 'node:fs'
import { Socket } from 'node:net'
import type { Clock } from '#base/clock.ts'
import { makeFifo } from '#host/kernel/fifo.ts'

/** Milliseconds after which a runtime that was not there is tried again; each time twice as long, as it most likely finds a file now. */
const firstPause = 1

/** The file that a runtime reads what it is to run from. */
function documentPath(directory: string): string {
  return `${directory}/process.json`
}

export function writeDocument(directory: string, text: string): void {
  writeFileSync(documentPath(directory), text, { mode: 0o600 })
}

/** Whether a runtime was started ahead in `directory` and has not run anything. */
export function isPrepared(directory: string): boolean {
  return !existsSync(`${directory}/pid`) && statSync(documentPath(directory), { throwIfNoEntry: false })?.isFIFO() === true
}

/** A FIFO in that file's place: a runtime that is started ahead waits there until it is told, or reads nothing and fails when nobody will tell. */
export class AwaitedDocument implements Disposable {
  readonly #clock: Clock
  readonly #directory: string
  /** This side's own, as without any reader the writing one could not be opened, and a runtime would wait for a writer already when it opens its own. */
  readonly #reading: number
  readonly #writing: number
  #state: 'waiting' | 'telling' | 'over' = 'waiting'

  constructor(directory: string, clock: Clock) {
    this.#clock = clock
    this.#directory = directory
    const path = documentPath(directory)
    makeFifo(path)
    this.#reading = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    try {
      this.#writing = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK)
    } catch (error) {
      closeSync(this.#reading)
      throw error
    }
  }

  /** Goes on trying until it is disposed of: call that when the process runs. */
  tell(text: string): void {
    // What nobody but this side can read is lost with it: now a write fails until the runtime is there.
    closeSync(this.#reading)
    this.#state = 'telling'
    this.#write(Buffer.from(text), firstPause)
    // Not there yet: it will find a file, unless it is opening the FIFO at this very moment.
    if (!this.#told) this.#replace(text)
  }

  get #told(): boolean {
    return this.#state === 'over'
  }

  #replace(text: string): void {
    const path = documentPath(this.#directory)
    writeFileSync(`${path}.new`, text, { mode: 0o600 })
    renameSync(`${path}.new`, path)
  }

  #write(text: Buffer, pause: number): void {
    if (this.#state === 'over') return
    try {
      const written = writeSync(this.#writing, text)
      this.#state = 'over'
      if (written === text.length) closeSync(this.#writing)
      else sendAll(this.#writing, text.subarray(written))
    } catch {
      this.#clock.after(pause, () => this.#write(text, pause * 2))
    }
  }

  [Symbol.dispose](): void {
    if (this.#state === 'over') return
    if (this.#state === 'waiting') closeSync(this.#reading)
    closeSync(this.#writing)
    this.#state = 'over'
  }
}

/** The rest of what is more than a pipe holds. */
function sendAll(fd: number, rest: Buffer): void {
  const pipe = new Socket({ fd, readable: false, writable: true })
  pipe.on('error', () => pipe.destroy())
  pipe.write(rest, () => pipe.destroy())
}
