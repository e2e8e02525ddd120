export interface Peeked {
  readonly head: Buffer
  /** All of the stream, head included, once. */
  readonly whole: AsyncIterable<Buffer>
  /** Ends the stream; for one who does not go on to read the whole. */
  readonly close: () => Promise<void>
}

/** The first `size` bytes of a stream, or a little more, or fewer when it ends before. */
export async function peek(source: AsyncIterable<Uint8Array>, size: number): Promise<Peeked> {
  const rest = source[Symbol.asyncIterator]()
  const parts: Buffer[] = []
  for (let have = 0; have < size;) {
    const step = await rest.next()
    if (step.done === true) break
    parts.push(asBuffer(step.value))
    have += step.value.length
  }
  const head = parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts)
  return { head, whole: whole(head, rest), close: async () => void (await rest.return?.()) }
}

async function* whole(head: Buffer, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Buffer> {
  try {
    if (head.length > 0) yield head
    for (let step = await rest.next(); step.done !== true; step = await rest.next()) yield asBuffer(step.value)
  } finally {
    await rest.return?.()
  }
}

function asBuffer({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength)
}
