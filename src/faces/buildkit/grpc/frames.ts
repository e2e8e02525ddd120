import { GalleyError } from '#base/error.ts'

/** As large as a message may be that comes in: what BuildKit's own clients and servers keep to. */
const mostBytes = 16 << 20

/** A message as it goes over the wire: five bytes in front of it, of which the first says that it is not compressed. */
export function frame(message: Buffer): Buffer {
  const head = Buffer.alloc(5)
  head.writeUInt32BE(message.length, 1)
  return Buffer.concat([head, message])
}

/** Cuts a stream into its messages. Throws `invalid` for one that is compressed, too large or cut off. */
export async function* messagesOf(stream: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void> {
  let parts: Buffer[] = []
  let size = 0
  let wanted = 5
  for await (const chunk of stream) {
    parts.push(chunk)
    size += chunk.length
    while (size >= wanted) {
      const joined = parts.length === 1 ? (parts[0] ?? chunk) : Buffer.concat(parts)
      wanted = 5 + lengthIn(joined)
      if (size < wanted) {
        parts = [joined]
        break
      }
      yield joined.subarray(5, wanted)
      parts = [joined.subarray(wanted)]
      size -= wanted
      wanted = 5
    }
  }
  if (size > 0) throw new GalleyError('invalid', 'a gRPC stream ended in the middle of a message')
}

function lengthIn(head: Buffer): number {
  if (head[0] !== 0) throw new GalleyError('not implemented', 'compressed gRPC messages are not implemented by Galley')
  const length = head.readUInt32BE(1)
  if (length > mostBytes) throw new GalleyError('too large', `a gRPC message of ${length} bytes is larger than ${mostBytes}`)
  return length
}
