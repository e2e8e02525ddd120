import { GalleyError } from '#base/error.ts'

const slots = 4
const slotSize = 1 << 20

/**
 * Words of the control array; after them come the lengths of what is in the slots. `news` counts what the writer did and `room` what
 * the reader did: each waits for the other's count to change, so that nothing that happens just before the wait is missed.
 */
const [written, read, state, news, room, lengths] = [0, 1, 2, 3, 4, 5] as const
const [open, ended, abandoned, closed] = [0, 1, 2, 3] as const

/** Memory that a writer in one thread and a reader in another share. */
export interface SharedPipe {
  readonly control: SharedArrayBuffer
  readonly bytes: SharedArrayBuffer
}

export function sharedPipe(): SharedPipe {
  return {
    control: new SharedArrayBuffer(4 * (lengths + slots)),
    bytes: new SharedArrayBuffer(slots * slotSize),
  }
}

/** The end of a pipe that bytes go into, in a thread that must not stand still. */
export class PipeWriter {
  readonly #control: Int32Array
  readonly #slots: readonly Buffer[]
  readonly #look: (bytes: Buffer) => void
  #count = 0
  #used = 0

  /** `look` sees all bytes in large portions. */
  constructor({ control, bytes }: SharedPipe, look: (bytes: Buffer) => void) {
    this.#control = new Int32Array(control)
    this.#slots = Array.from({ length: slots }, (_, index) => Buffer.from(bytes, index * slotSize, slotSize))
    this.#look = look
  }

  /** Whether somebody will read what is written. */
  get isOpen(): boolean {
    return Atomics.load(this.#control, state) === open
  }

  /** Copies the bytes, which the caller may use again when it resolves. After the reader closed they go nowhere. */
  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length && this.isOpen;) {
      if (this.#used === 0) await this.#free()
      const part = bytes.subarray(at, at + slotSize - this.#used)
      this.#slot().set(part, this.#used)
      this.#used += part.length
      at += part.length
      if (this.#used === slotSize) this.#send()
    }
  }

  end(): void {
    if (this.#used > 0) this.#send()
    this.#finish(ended)
  }

  /** No more will come, and what came is not all. */
  abandon(): void {
    this.#finish(abandoned)
  }

  /** For the reader, when it ended without saying so. */
  close(): void {
    Atomics.compareExchange(this.#control, state, open, closed)
    tell(this.#control, room)
  }

  #slot(): Buffer {
    return this.#slots[this.#count % slots] as Buffer
  }

  async #free(): Promise<void> {
    for (;;) {
      const seen = Atomics.load(this.#control, room)
      if (this.#count - Atomics.load(this.#control, read) < slots || !this.isOpen) return
      await Atomics.waitAsync(this.#control, room, seen).value
    }
  }

  #send(): void {
    this.#look(this.#slot().subarray(0, this.#used))
    this.#control[lengths + (this.#count % slots)] = this.#used
    this.#used = 0
    Atomics.store(this.#control, written, ++this.#count)
    tell(this.#control, news)
  }

  #finish(word: number): void {
    Atomics.compareExchange(this.#control, state, open, word)
    tell(this.#control, news)
  }
}

/**
 * The bytes that come out of a pipe, in a thread that may stand still. Each portion is only valid until the next is asked for.
 * Throws `internal` when the writer gave up.
 */
export function* readPipe({ control, bytes }: SharedPipe): Generator<Buffer> {
  const words = new Int32Array(control)
  try {
    for (let count = 0; isThere(words, count); count++) {
      const slot = count % slots
      yield Buffer.from(bytes, slot * slotSize, words[lengths + slot] ?? 0)
      Atomics.store(words, read, count + 1)
      tell(words, room)
    }
  } finally {
    Atomics.compareExchange(words, state, open, closed)
    tell(words, room)
  }
}

/** Waits for portion `count`; false at the end. */
function isThere(words: Int32Array, count: number): boolean {
  for (;;) {
    const seen = Atomics.load(words, news)
    if (Atomics.load(words, state) === abandoned)
      throw new GalleyError('internal', 'what came through the pipe was cut off', { code: 'pipe.abandoned' })
    if (Atomics.load(words, written) > count) return true
    if (Atomics.load(words, state) !== open) return false
    Atomics.wait(words, news, seen)
  }
}

function tell(words: Int32Array, word: typeof news | typeof room): void {
  Atomics.add(words, word, 1)
  Atomics.notify(words, word)
}
