import { createReadStream, createWriteStream, fstatSync, openSync, utimesSync } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'

/**
 * Compresses a file with gzip, off the thread. It is opened before this returns, so that renaming it meanwhile does no harm.
 * The result keeps its time, by which readers put rotated files in order.
 */
export async function compress(from: string, to: string): Promise<void> {
  const fd = openSync(from, 'r')
  const { atime, mtime } = fstatSync(fd)
  await pipeline(createReadStream(from, { fd }), createGzip({ level: 1 }), createWriteStream(to, { mode: 0o640 }))
  utimesSync(to, atime, mtime)
}
