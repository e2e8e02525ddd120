import { statfsSync, statSync, unlinkSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

/** Bytes; some 150 transactions. */
const size = 4 * 1024 * 1024

/** So many times its size must be free before it is taken again. */
const plenty = 8

/**
 * Room on the disk for taking things away when it is full: that too is written down before it frees anything. A file of zeros beside
 * the database, which goes when the room is needed.
 */
export class Reserve {
  readonly #path: string
  #held: boolean
  #isSpent = false

  constructor(database: string) {
    this.#path = `${database}-reserve`
    // A crash may have cut it off.
    this.#held = statSync(this.#path, { throwIfNoEntry: false })?.size === size
    this.hold()
  }

  /** It was given away and could not be taken again. On a disk that never had room for it, there is none and nothing is spent. */
  get isSpent(): boolean {
    return this.#isSpent
  }

  /** Takes the room, if there is plenty. */
  hold(): void {
    if (this.#held || !this.#hasPlenty()) return
    try {
      writeFileSync(this.#path, Buffer.alloc(size), { mode: 0o600 })
      this.#held = true
      this.#isSpent = false
    } catch {
      // What came of it would be in the way of others.
      this.release()
    }
  }

  /** Gives the room to whoever writes next; whether there was some. */
  release(): boolean {
    const held = this.#held
    this.#held = false
    try {
      unlinkSync(this.#path)
      this.#isSpent ||= held
      return true
    } catch {
      return false
    }
  }

  #hasPlenty(): boolean {
    try {
      const { bavail, bsize } = statfsSync(dirname(this.#path))
      return bavail * bsize > plenty * size
    } catch {
      return false
    }
  }
}
