import { PassThrough, Readable, type Duplex } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import { GalleyError } from '#base/error.ts'
import { peek } from './peek.ts'

const chunkSize = 256 << 10

/**
 * Undoes gzip or zstd, told by the first bytes, in this process: no program is looked up, neither on the host nor in a
 * container (CVE-2026-41567). The stream fails with `invalid` for damaged data, and with `not implemented` for bzip2 and xz.
 */
export async function decompressed(source: AsyncIterable<Uint8Array>): Promise<AsyncIterable<Buffer>> {
  const { head, whole, close } = await peek(source, 4)
  const decoder = await orClosed(close, () => decoderFor(head))
  if (decoder === undefined) return whole
  const output = new PassThrough({ highWaterMark: 4 * chunkSize })
  pipeline(Readable.from(whole), decoder, output).catch((error: Error) => output.destroy(damage(error)))
  return output as AsyncIterable<Buffer>
}

/** A source that will not be read is given back: it may be an open file. */
async function orClosed<T>(close: () => Promise<void>, task: () => T): Promise<T> {
  try {
    return task()
  } catch (error) {
    await close()
    throw error
  }
}

function decoderFor(head: Buffer): Duplex | undefined {
  if (head[0] === 0x1f && head[1] === 0x8b) return createGunzip({ chunkSize })
  if (head.length >= 4 && head.readUInt32BE(0) === 0x28b52ffd) return createZstdDecompress({ chunkSize })
  if (head.toString('latin1', 0, 3) === 'BZh' || head.toString('latin1', 1, 4) === '7zX')
    throw new GalleyError('not implemented', 'archives compressed with bzip2 or xz are not implemented by Galley', {
      code: 'archive.format',
    })
  return undefined
}

function damage(error: NodeJS.ErrnoException): Error {
  const own = error.code?.startsWith('Z_') === true || error.code?.startsWith('ZSTD_') === true
  return own ? new GalleyError('invalid', `damaged archive: ${error.message}`, { code: 'archive.damaged', cause: error }) : error
}
