import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs'

export type Stream = 'stdout' | 'stderr'

/** How far a process's output is in its log. */
export interface Position {
  /** The log file's inode number; 0 when there is no log yet. */
  readonly inode: number
  /** Its size in bytes when it held exactly what the rest says. */
  readonly size: number
  /** Bytes of each stream that are in the log. */
  readonly stdout: number
  readonly stderr: number
}

/**
 * Remembers across the keeper's own death how far a process's output is in its log. It is written after each write to the log: what is in
 * the log beyond it was written by a keeper that died in between, and is written again. In memory's time, not the disk's: a power cut ends
 * the process too.
 */
export class Progress implements Disposable {
  readonly #fd: number
  readonly #numbers = new Float64Array(4)

  /** In the file `path`, which is made when it isn't there. */
  constructor(path: string) {
    this.#fd = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600)
    readSync(this.#fd, this.#numbers, 0, this.#numbers.byteLength, 0)
  }

  get position(): Position {
    const [inode = 0, size = 0, stdout = 0, stderr = 0] = this.#numbers
    return { inode, size, stdout, stderr }
  }

  save({ inode, size, stdout, stderr }: Position): void {
    this.#numbers.set([inode, size, stdout, stderr])
    try {
      writeSync(this.#fd, this.#numbers, 0, this.#numbers.byteLength, 0)
    } catch {
      // No room: a keeper that follows would write a little twice.
    }
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd)
  }
}
