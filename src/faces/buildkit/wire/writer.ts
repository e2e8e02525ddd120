/** Collects the bytes of one protobuf message (Protocol Buffers, "Encoding"). */
export class Writer {
  readonly #parts: Buffer[] = []

  /** A key: field number and wire type. */
  key(number: number, wireType: number): void {
    this.number((number << 3) | wireType)
  }

  /** Negative numbers take ten bytes, as their 64-bit two's complement. */
  varint(value: bigint): void {
    const bytes: number[] = []
    let rest = BigInt.asUintN(64, value)
    while (rest > 0x7fn) {
      bytes.push(Number(rest & 0x7fn) | 0x80)
      rest >>= 7n
    }
    bytes.push(Number(rest))
    this.#parts.push(Buffer.from(bytes))
  }

  /** As `varint`; small ones without the cost of a bigint. */
  number(value: number): void {
    if (value >= 0 && value < 0x80) this.#parts.push(Buffer.of(value))
    else this.varint(BigInt(value))
  }

  /** Length and bytes. */
  block(bytes: Uint8Array): void {
    this.number(bytes.length)
    this.#parts.push(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
  }

  finish(): Buffer {
    return Buffer.concat(this.#parts)
  }
}
