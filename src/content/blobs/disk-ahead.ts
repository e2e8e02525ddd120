import type { FileHandle } from 'node:fs/promises'

/** Bytes that the disk is given at once. */
const portion = 16 << 20

/** Has what is written brought to the disk, a part at a time, while the next is being written: little is left for it at the end. */
export class DiskAhead {
  readonly #file: FileHandle
  #begun: number
  #syncing: Promise<void> | undefined
  #failure: { readonly error: unknown } | undefined

  constructor(file: FileHandle, end: number) {
    this.#file = file
    this.#begun = end
  }

  /** The file is written up to byte `end`. */
  reached(end: number): void {
    if (this.#syncing !== undefined || end < this.#begun + portion) return
    this.#begun = end
    this.#syncing = this.#file
      .datasync()
      .catch((error: unknown) => void (this.#failure ??= { error }))
      .finally(() => (this.#syncing = undefined))
  }

  /** Throws what the disk threw, as the kernel says it only once. What it was not yet told to do is left to whoever syncs next. */
  async done(): Promise<void> {
    await this.#syncing
    if (this.#failure !== undefined) throw this.#failure.error
  }
}
