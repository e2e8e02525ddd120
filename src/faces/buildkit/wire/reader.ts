import { GalleyError } from '#base/error.ts'

/** Takes one protobuf message apart. Throws `invalid` where it is cut off or malformed. */
export class Reader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  get done(): boolean {
    return this.#at >= this.#bytes.length
  }

  key(): { number: number; wireType: number } {
    const key = this.number()
    return { number: key >>> 3, wireType: key & 7 }
  }

  varint(): bigint {
    let value = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#bytes[this.#at++]
      if (byte === undefined) throw malformed()
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return BigInt.asUintN(64, value)
    }
    throw malformed()
  }

  /** A varint of no more than 28 bits without the cost of a bigint; others as well. */
  number(): number {
    let value = 0
    for (let count = 0; count < 4; count++) {
      const byte = this.#bytes[this.#at + count]
      if (byte === undefined) throw malformed()
      value |= (byte & 0x7f) << (7 * count)
      if (byte < 0x80) {
        this.#at += count + 1
        return value
      }
    }
    return Number(BigInt.asIntN(64, this.varint()))
  }

  block(): Buffer {
    return this.#take(this.number())
  }

  /** Passes over a field that nobody asked for. */
  skip(wireType: number): void {
    if (wireType === 0) this.varint()
    else if (wireType === 1) this.#take(8)
    else if (wireType === 2) this.block()
    else if (wireType === 5) this.#take(4)
    else throw malformed()
  }

  #take(length: number): Buffer {
    const end = this.#at + length
    if (end > this.#bytes.length) throw malformed()
    const taken = this.#bytes.subarray(this.#at, end)
    this.#at = end
    return taken
  }
}

function malformed(): GalleyError {
  return new GalleyError('invalid', 'malformed protobuf message', { code: 'protobuf.malformed' })
}
