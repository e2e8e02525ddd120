import { compressionOf, isTar } from '#build/context/archive-head.ts'
import type { Input } from './contexts.ts'

/** What came over standard input, and all of its bytes when it is an archive. */
export interface Piped {
  readonly input: Input
  readonly bytes: AsyncIterable<Buffer> | undefined
}

/** Reads a Dockerfile, or the beginning of an archive. */
export async function readInput(stdin: AsyncIterable<Buffer>, mayBeArchive: boolean): Promise<Piped> {
  const chunks = stdin[Symbol.asyncIterator]()
  const parts: Buffer[] = []
  for (let size = 0; size < 512 || !mayBeArchive;) {
    const next = await chunks.next()
    if (next.done === true) break
    parts.push(next.value)
    size += next.value.length
  }
  const head = Buffer.concat(parts)
  if (mayBeArchive && (isTar(head) || compressionOf(head) !== undefined)) return { input: 'archive', bytes: whole(head, chunks) }
  for await (const chunk of whole(Buffer.alloc(0), chunks)) parts.push(chunk)
  return { input: { text: Buffer.concat(parts).toString('utf8') }, bytes: undefined }
}

async function* whole(head: Buffer, chunks: AsyncIterator<Buffer>): AsyncGenerator<Buffer, void> {
  if (head.length > 0) yield head
  for (let next = await chunks.next(); next.done !== true; next = await chunks.next()) yield next.value
}
