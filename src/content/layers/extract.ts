import { createHash } from 'node:crypto'
import type { Digest } from '#base/digest.ts'
import { GalleyError } from '#base/error.ts'
import { OpenDirectory } from '#host/files/directory.ts'
import { TarDecoder } from './decode.ts'
import { decompressed } from './decompress.ts'
import { LayerRules } from './layer-rules.ts'
import { TreeWriter, type TreeRules } from './tree-writer.ts'

export interface Limits {
  readonly entries: number
  /** Bytes of the unpacked archive. */
  readonly bytes: number
}

export const generous: Limits = { entries: 2_000_000, bytes: 256 * 2 ** 30 }

/**
 * Unpacks a layer (OCI image-spec, layer.md; plain, gzip or zstd) into `directory` in overlayfs's own form. Nothing is
 * ever written outside of it. Resolves with the digest of the plain archive and the bytes of its files. Throws `invalid`,
 * `too large`, `not implemented`, and `unavailable` when the disk is full.
 */
export async function extractLayer(
  source: AsyncIterable<Uint8Array>,
  directory: string,
  limits: Limits = generous,
): Promise<{ diffId: Digest; size: number }> {
  using root = OpenDirectory.at(directory)
  const hash = createHash('sha256')
  let total = 0
  const plain = each(await decompressed(source), (chunk) => {
    total += chunk.length
    if (total > limits.bytes)
      throw new GalleyError('too large', `the layer unpacks to more than ${limits.bytes} bytes`, { code: 'layer.bytes' })
    hash.update(chunk)
  })
  const size = await extractInto(plain, { root, base: '', rules: new LayerRules(limits.entries) })
  return { diffId: `sha256:${hash.digest('hex')}`, size }
}

/** Unpacks a plain archive into the directory `base` of a tree, by the tree's rules; resolves with the bytes of its files. */
export async function extractInto(
  source: AsyncIterable<Buffer>,
  { root, base, rules }: { readonly root: OpenDirectory; readonly base: string; readonly rules: TreeRules },
): Promise<number> {
  const writer = new TreeWriter(root, base, rules)
  try {
    const decoder = new TarDecoder(writer)
    for await (const chunk of source) decoder.write(chunk)
    decoder.finish()
    writer.finish()
    return writer.size
  } finally {
    writer.close()
  }
}

async function* each(source: AsyncIterable<Buffer>, look: (chunk: Buffer) => void): AsyncGenerator<Buffer> {
  for await (const chunk of source) {
    look(chunk)
    yield chunk
  }
}
