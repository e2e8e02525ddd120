import { createHash } from 'node:crypto'
import { GalleyError } from '#base/error.ts'
import { algorithmOf, type ContentDigest } from './digest.ts'
import { readManifest } from './read-manifest.ts'
import type { Registry } from './registry.ts'
import type { BlobLink, ManifestRecord } from './repositories.ts'

/** Largest manifest that is taken: somewhat more than the 4 MiB that clients may count on. */
export const largestManifest = (4 << 20) + (64 << 10)

export interface NewManifest {
  readonly repository: string
  readonly bytes: Buffer
  /** What the client says it is, if it does. */
  readonly mediaType: string | undefined
  /** Under which it was sent; without one, sha256 is taken. */
  readonly digest: ContentDigest | undefined
  readonly tags: readonly string[]
}

export interface StoredManifest {
  readonly digest: ContentDigest
  readonly record: ManifestRecord
}

/** Stores a manifest, to the byte, and points tags at it. Throws `invalid`, also for one that names what its repository hasn't got. */
export async function putManifest(registry: Registry, manifest: NewManifest): Promise<StoredManifest> {
  const { repository, bytes, tags } = manifest
  const read = readManifest(bytes, manifest.mediaType)
  const digest = verified(bytes, manifest.digest)
  using _pin = registry.pin(repository, [digest, ...read.blobs, ...read.manifests])
  checkComplete(registry, repository, read)
  const record = await registry.content.whileAdding(async () => {
    const { digest: content, size } = await registry.content.put(bytes)
    const made: ManifestRecord = { ...read, content, size, at: registry.clock.now() }
    await registry.repositories.addManifest(repository, digest, made, tags)
    return made
  })
  return { digest, record }
}

function verified(bytes: Buffer, promised: ContentDigest | undefined): ContentDigest {
  const algorithm = promised === undefined ? 'sha256' : algorithmOf(promised)
  const found = `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}` as ContentDigest
  if (promised === undefined || promised === found) return found
  const message = `provided digest did not match uploaded content: ${promised} was promised, the content has ${found}`
  throw new GalleyError('invalid', message, { code: 'blob.digest', subject: promised })
}

/** Its subject may come later (OCI distribution-spec, Pushing Manifests with Subject). */
function checkComplete(registry: Registry, name: string, { blobs, manifests }: Pick<ManifestRecord, 'blobs' | 'manifests'>): void {
  const repository = registry.repositories.get(name)
  const isHere = (link: BlobLink | undefined): boolean => link !== undefined && registry.content.has(link.content)
  const missing =
    blobs.find((blob) => !isHere(repository?.blobs.get(blob))) ?? manifests.find((one) => !isHere(repository?.manifests.get(one)))
  if (missing === undefined) return
  throw new GalleyError('invalid', `manifest references a manifest or blob unknown to registry: ${missing}`, {
    code: 'manifest.blob-unknown',
    subject: missing,
  })
}
