import { renameSync } from 'node:fs'
import { basename } from 'node:path'
import type { Clock } from '#base/clock.ts'
import { run } from '#host/process/run.ts'
import { deleteTree, hasLittleRoom } from './discard.ts'

/** Milliseconds for which what is thrown away waits for more of it. */
const patience = 200
/** Directories that one process deletes: their paths are its arguments. */
const most = 200

/**
 * Directories to delete while others work: by a process, as a deletion waits for the disk, 1 to 9 ms for a container's directory on a
 * file system that tells the disk of each freed block. What a crash leaves over is deleted at the next start.
 */
export class Trash {
  readonly #directory: string
  readonly #clock: Clock
  readonly #isShort: () => boolean
  #waiting: string[] = []
  #isEmptied = true

  /** `directory` is on the same file system as what is thrown away; `isShort` tells whether that has little room. */
  constructor(directory: string, clock: Clock, isShort = () => hasLittleRoom(directory)) {
    this.#directory = directory
    this.#clock = clock
    this.#isShort = isShort
  }

  /**
   * Takes a directory from its place at once. Where room is short, resolves when it is deleted: who removes something to make room uses
   * that next. Throws when it is not there.
   */
  async throwAway(path: string): Promise<void> {
    const trash = `${this.#directory}/${basename(path)}`
    renameSync(path, trash)
    if (this.#isShort()) await deleteTree(trash).catch(() => this.#later(trash))
    else this.#later(trash)
  }

  #later(trash: string): void {
    this.#waiting.push(trash)
    if (!this.#isEmptied) return
    this.#isEmptied = false
    this.#clock.after(patience, () => void this.#empty())
  }

  async #empty(): Promise<void> {
    while (this.#waiting.length > 0) {
      const paths = this.#waiting.splice(0, most)
      try {
        const { code } = await run('rm', ['-rf', '--', ...paths])
        if (code !== 0) throw new Error(`rm ended with ${code}`)
      } catch {
        // No memory for a process, or something that it can't delete: what is left goes at the next start.
        await Promise.allSettled(paths.map(deleteTree))
      }
    }
    this.#isEmptied = true
  }
}
