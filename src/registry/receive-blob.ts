import { GalleyError } from '#base/error.ts'
import { parseDigest } from '#base/digest.ts'
import { algorithmOf, type ContentDigest } from './digest.ts'
import type { Registry } from './registry.ts'
import type { Upload } from './uploads.ts'

/** Where a chunk belongs: its first and last byte in the blob. */
export interface ChunkRange {
  readonly first: number
  readonly last: number
}

/** A chunk that a client sends. */
export interface Chunk {
  readonly bytes: AsyncIterable<Uint8Array>
  /** Bytes, when the client said how many. */
  readonly length: number | undefined
  /** Without one, the chunk belongs where the upload ends. */
  readonly range: ChunkRange | undefined
}

/**
 * Adds a chunk to an upload; call it in the upload's turn. What has come when the client is cut off stays. Throws `conflict`
 * (`upload.range`) when it doesn't begin where the upload ends, `invalid` when it has another length than was said.
 */
export async function receiveChunk({ file }: Upload, { bytes, length, range }: Chunk): Promise<void> {
  if (range !== undefined && range.first !== file.size)
    throw new GalleyError('conflict', `the chunk begins at ${range.first}, but ${file.size} bytes are here`, { code: 'upload.range' })
  const promised = range === undefined ? length : range.last - range.first + 1
  if (promised !== undefined && length !== undefined && promised !== length) throw wrongLength(promised, length)
  const before = file.size
  await file.append(bytes)
  if (promised !== undefined && file.size - before !== promised) throw wrongLength(promised, file.size - before)
}

/** Makes an upload a blob of its repository; call it in the upload's turn. Throws `invalid` and drops the upload when it has another digest. */
export async function finishUpload(registry: Registry, upload: Upload, digest: ContentDigest): Promise<void> {
  const { file, repository } = upload
  const found = await file.digest(algorithmOf(digest))
  if (found !== digest) {
    await registry.uploads.end(upload)
    const message = `provided digest did not match uploaded content: ${digest} was promised, the content has ${found}`
    throw new GalleyError('invalid', message, { code: 'blob.digest', subject: digest })
  }
  const content = parseDigest(await file.digest('sha256'))
  const link = { content, size: file.size, at: registry.clock.now() }
  await registry.content.whileAdding(async () => {
    // What is here already needs no second writing to the disk.
    if (!registry.content.isStored(content)) await registry.content.take(file.path, content)
    await linkBlob(registry, { name: repository, digest }, link)
  })
  await registry.uploads.end(upload)
}

/** Takes over a blob from a repository that the client may read; false when none of those has it. */
export async function mountBlob(registry: Registry, { name, digest, from }: Mount, mayRead: (from: string) => boolean): Promise<boolean> {
  const { repositories, content, clock } = registry
  // Looked for while nothing is removed: the other repository may be letting it go.
  return await content.whileAdding(async () => {
    const named = from === undefined ? repositories.all() : [repositories.get(from)]
    const sources = named.filter((source) => source !== undefined && mayRead(source.name))
    const link = sources.map((source) => source?.blobs.get(digest)).find((one) => one !== undefined)
    if (link === undefined || !content.has(link.content)) return false
    await linkBlob(registry, { name, digest }, { ...link, at: clock.now() })
    return true
  })
}

interface Mount {
  readonly name: string
  readonly digest: ContentDigest
  /** Without it, any repository will do. */
  readonly from: string | undefined
}

type Link = Parameters<Registry['repositories']['addBlob']>[2]

/** Gives a repository a blob whose content is here; call it within `whileAdding`. */
export async function linkBlob(
  registry: Registry,
  { name, digest }: { readonly name: string; readonly digest: ContentDigest },
  link: Link,
): Promise<void> {
  if (registry.repositories.get(name)?.blobs.has(digest) === true) registry.blob(name, digest)
  else await registry.repositories.addBlob(name, digest, link)
}

function wrongLength(promised: number, found: number): GalleyError {
  return new GalleyError('invalid', `provided length did not match content length: ${promised} bytes were promised, ${found} came`, {
    code: 'blob.size',
  })
}
