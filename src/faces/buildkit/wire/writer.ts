/** Bytes to begin with; most messages are smaller. */
const usual = 4096
/** A place that grew beyond this is not kept for the next message. */
const mostKept = 64 << 10

/** Where the next message is written, unless another one is being written there. */
let spare: Buffer | undefined

/** Collects the bytes of one protobuf message (Protocol Buffers, "Encoding"). */
export class Writer {
  #bytes = spare ?? Buffer.allocUnsafeSlow(usual)
  #at = 0

  constructor() {
    spare = undefined
  }

  /** A key: field number and wire type. */
  key(number: number, wireType: number): void {
    this.number((number << 3) | wireType)
  }

  /** Negative numbers take ten bytes, as their 64-bit two's complement. */
  varint(value: bigint): void {
    if (value >= 0n && value <= Number.MAX_SAFE_INTEGER) return this.number(Number(value))
    let rest = BigInt.asUintN(64, value)
    this.#room(10)
    while (rest > 0x7fn) {
      this.#bytes[this.#at++] = Number(rest & 0x7fn) | 0x80
      rest >>= 7n
    }
    this.#bytes[this.#at++] = Number(rest)
  }

  /** As `varint`; without the cost of a bigint. */
  number(value: number): void {
    if (value < 0) return this.varint(BigInt(value))
    let rest = value
    this.#room(8)
    while (rest > 0x7f) {
      this.#bytes[this.#at++] = (rest % 0x80) | 0x80
      rest = Math.floor(rest / 0x80)
    }
    this.#bytes[this.#at++] = rest
  }

  /** Length and bytes. */
  block(bytes: Uint8Array): void {
    this.number(bytes.length)
    this.#room(bytes.length)
    this.#bytes.set(bytes, this.#at)
    this.#at += bytes.length
  }

  /** The same of a text, in UTF-8. */
  text(value: string): void {
    const length = Buffer.byteLength(value)
    this.number(length)
    this.#room(length)
    this.#at += this.#bytes.write(value, this.#at)
  }

  /** The same of what `write` writes. */
  nested(write: (writer: Writer) => void): void {
    // Its length is not known yet, and nearly always takes one byte.
    this.#room(1)
    const start = ++this.#at
    write(this)
    const length = this.#at - start
    if (length < 0x80) {
      this.#bytes[start - 1] = length
      return
    }
    const more = Math.floor(Math.log2(length) / 7)
    this.#room(more)
    this.#bytes.copyWithin(start + more, start, this.#at)
    this.#at = start - 1
    this.number(length)
    this.#at += length
  }

  /** Nothing can be written afterwards. */
  finish(): Buffer {
    const message = Buffer.from(this.#bytes.subarray(0, this.#at))
    if (this.#bytes.length <= mostKept) spare = this.#bytes
    return message
  }

  #room(bytes: number): void {
    const needed = this.#at + bytes
    if (needed <= this.#bytes.length) return
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.#bytes.length * 2))
    this.#bytes.copy(grown, 0, 0, this.#at)
    this.#bytes = grown
  }
}
