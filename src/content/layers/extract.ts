import { createHash } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import type { Digest } from '#base/digest.ts'
import { GalleyError } from '#base/error.ts'
import type { OpenDirectory } from '#host/files/directory.ts'
import { TarDecoder } from './decode.ts'
import { decompressed } from './decompress.ts'
import { peek } from './peek.ts'
import { TreeWriter, type TreeRules } from './tree-writer.ts'
import { unpackInThread } from './unpack-thread.ts'
import { Unpacker, type UnpackJob } from './unpacker.ts'

export interface Limits {
  readonly entries: number
  /** Bytes of the unpacked archive. */
  readonly bytes: number
}

export const generous: Limits = { entries: 2_000_000, bytes: 256 * 2 ** 30 }

/** A plain layer of fewer bytes is unpacked in this thread, in portions, as starting another one costs more than that. */
const smallLayer = 2 << 20
const portion = 128 << 10

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
  const hash = createHash('sha256')
  let archive = 0
  const plain = each(await decompressed(source), (chunk) => {
    archive += chunk.length
    if (archive > limits.bytes)
      throw new GalleyError('too large', `the layer unpacks to more than ${limits.bytes} bytes`, { code: 'layer.bytes' })
  })
  const job: UnpackJob = { directory, recipeIn, entries: limits.entries }
  const size = await unpackWhereItPays(plain, job, (bytes) => hash.update(bytes))
  return { diffId: `sha256:${hash.digest('hex')}`, size, archive }
}

async function unpackWhereItPays(source: AsyncIterable<Buffer>, job: UnpackJob, look: (bytes: Buffer) => void): Promise<number> {
  const { head, whole } = await peek(source, smallLayer)
  if (head.length >= smallLayer) return unpackInThread(whole, job, look)
  using unpacker = new Unpacker(job)
  for (let at = 0; at < head.length; at += portion) {
    const bytes = head.subarray(at, at + portion)
    look(bytes)
    unpacker.write(bytes)
    await setImmediate()
  }
  return unpacker.finish()
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
