import { open, type FileHandle } from 'node:fs/promises'

const pieceSize = 1 << 20
/** Buffers that wait to be used again: the kernel gives each new one page by page, which costs as much as the reading. */
const pool: Buffer[] = []
const mostPooled = 8

/**
 * A file's bytes from `start` up to `end` (exclusive) in large pieces, each read while the one before is being used. A piece is only good
 * until the next one is asked for. Throws the file system's errors, also for a file that ends before `end`.
 */
export async function* readAhead(path: string, start: number, end: number): AsyncGenerator<Buffer> {
  await using file = await open(path, 'r')
  let next = readPiece(file, start, end)
  try {
    for (let at = start; at < end; at += pieceSize) {
      const { buffer, piece } = await next
      next = readPiece(file, at + pieceSize, end)
      // It may fail while the reader is still busy with this one; it is told when it is waited for.
      next.catch(() => undefined)
      try {
        yield piece
      } finally {
        giveBack(buffer)
      }
    }
  } finally {
    // Nothing may be read into a buffer that somebody else has by then, and the file must stay open for it.
    await next.then(
      ({ buffer }) => giveBack(buffer),
      () => undefined,
    )
  }
}

interface Read {
  readonly buffer: Buffer
  readonly piece: Buffer
}

async function readPiece(file: FileHandle, at: number, end: number): Promise<Read> {
  const length = Math.max(0, Math.min(pieceSize, end - at))
  const buffer = length < pieceSize ? Buffer.allocUnsafe(length) : (pool.pop() ?? Buffer.allocUnsafeSlow(pieceSize))
  for (let done = 0; done < length;) {
    const { bytesRead } = await file.read(buffer, done, length - done, at + done)
    if (bytesRead === 0) throw new Error(`file ended ${length - done} bytes early`)
    done += bytesRead
  }
  return { buffer, piece: buffer.subarray(0, length) }
}

function giveBack(buffer: Buffer): void {
  if (buffer.length === pieceSize && pool.length < mostPooled) pool.push(buffer)
}
