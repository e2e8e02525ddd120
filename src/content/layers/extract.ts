import { createHash } from 'node:crypto'
import type { Digest } from '#base/digest.ts'
import { GalleyError } from '#base/error.ts'
import { OpenDirectory } from '#host/files/directory.ts'
import { TarDecoder } from './decode.ts'
import { decompressed } from './decompress.ts'
import { LayerRules } from './layer-rules.ts'
import { RecipeWriter, RecordingSink } from './recipe.ts'
import { TreeWriter, type TreeRules } from './tree-writer.ts'

export interface Limits {
  readonly entries: number
  /** Bytes of the unpacked archive. */
  readonly bytes: number
}

export const generous: Limits = { entries: 2_000_000, bytes: 256 * 2 ** 30 }

export interface Extracted {
  readonly diffId: Digest
  /** Bytes of its files. */
  readonly size: number
  /** Bytes of the plain archive. */
  readonly archive: number
}

/**
 * Unpacks a layer (OCI image-spec, layer.md; plain, gzip or zstd) into `directory` in overlayfs's own form. Nothing is
 * ever written outside of it. With `recipeIn`, the layer's home that `directory` is in, it is noted there how the plain archive can be
 * had again. Throws `invalid`, `too large`, `not implemented`, and `unavailable` when the disk is full.
 */
export async function extractLayer(
  source: AsyncIterable<Uint8Array>,
  directory: string,
  { limits = generous, recipeIn }: { readonly limits?: Limits; readonly recipeIn?: string | undefined } = {},
): Promise<Extracted> {
  using root = OpenDirectory.at(directory)
  const hash = createHash('sha256')
  let archive = 0
  const plain = each(await decompressed(source), (chunk) => {
    archive += chunk.length
    if (archive > limits.bytes)
      throw new GalleyError('too large', `the layer unpacks to more than ${limits.bytes} bytes`, { code: 'layer.bytes' })
    hash.update(chunk)
  })
  using recipe = recipeIn === undefined ? undefined : new RecipeWriter(root, recipeIn)
  const size = await extractInto(plain, { root, base: '', rules: new LayerRules(limits.entries, recipe), recipe })
  recipe?.finish()
  return { diffId: `sha256:${hash.digest('hex')}`, size, archive }
}

export interface Destination {
  readonly root: OpenDirectory
  /** The directory in `root` that the members' names start from. */
  readonly base: string
  readonly rules: TreeRules
  readonly recipe?: RecipeWriter | undefined
}

/** Unpacks a plain archive into a tree, by the tree's rules; resolves with the bytes of its files. */
export async function extractInto(source: AsyncIterable<Buffer>, { root, base, rules, recipe }: Destination): Promise<number> {
  const writer = new TreeWriter(root, base, rules)
  try {
    const decoder = new TarDecoder(recipe === undefined ? writer : new RecordingSink(writer, recipe))
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
