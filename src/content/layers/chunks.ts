import { readSync } from 'node:fs'

const chunkSize = 1 << 20

/** Gathers an archive's many small parts to chunks worth sending. What was yielded is the receiver's. */
export class Chunks {
  #chunk = Buffer.allocUnsafe(chunkSize)
  #used = 0;

  *put(bytes: Buffer): Generator<Buffer> {
    for (let at = 0; at < bytes.length;) {
      if (this.#used === chunkSize) yield* this.flush()
      const copied = bytes.copy(this.#chunk, this.#used, at)
      this.#used += copied
      at += copied
    }
  }

  /** The next `size` bytes of an open file; zeros for what it doesn't have. */
  *file(fd: number, size: number): Generator<Buffer> {
    for (let left = size; left > 0;) {
      if (this.#used === chunkSize) yield* this.flush()
      const room = Math.min(left, chunkSize - this.#used)
      const got = readSync(fd, this.#chunk, this.#used, room, null)
      // It was cut short meanwhile; the announced size is kept.
      if (got === 0) this.#chunk.fill(0, this.#used, this.#used + room)
      this.#used += got === 0 ? room : got
      left -= got === 0 ? room : got
    }
  }

  /** What has been gathered. */
  *flush(): Generator<Buffer> {
    if (this.#used > 0) yield this.#chunk.subarray(0, this.#used)
    this.#chunk = Buffer.allocUnsafe(chunkSize)
    this.#used = 0
  }
}
