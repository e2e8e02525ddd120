import { createHash } from 'node:crypto'
import { lstatSync, readdirSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import type { Digest } from '#base/digest.ts'
import { GalleyError } from '#base/error.ts'
import { packLayer } from './pack.ts'

/** Digest of the archive that an overlay's upper directory packs to, and the bytes of its files. Lets other work run in between. */
export async function digestLayer(upper: string, signal?: AbortSignal): Promise<{ diffId: Digest; size: number }> {
  const hash = createHash('sha256')
  try {
    for await (const chunk of packLayer(upper)) {
      signal?.throwIfAborted()
      hash.update(chunk)
      await setImmediate()
    }
    return { diffId: `sha256:${hash.digest('hex')}`, size: sizeOf(Buffer.from(upper)) }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENAMETOOLONG') throw error
    throw new GalleyError('invalid', 'a path in the new files is longer than 4096 bytes, which no layer can hold', {
      code: 'layer.entry',
      cause: error,
    })
  }
}

function sizeOf(directory: Buffer): number {
  let size = 0
  for (const name of readdirSync(directory, 'buffer')) {
    const path = Buffer.concat([directory, Buffer.from('/'), name])
    const stat = lstatSync(path)
    size += stat.isDirectory() ? sizeOf(path) : stat.isFile() ? stat.size : 0
  }
  return size
}
