import { GalleyError } from '#base/error.ts'
import { isContentDigest, type ContentDigest } from './digest.ts'
import type { StoredManifest } from './put-manifest.ts'
import type { Registry } from './registry.ts'
import type { Repository } from './repositories.ts'

/** The manifest that a tag or digest stands for. Throws `not found`. */
export function findManifest(registry: Registry, name: string, reference: string): StoredManifest {
  const repository = registry.repository(name)
  const digest = isContentDigest(reference) ? reference : repository.tags.get(reference)
  const record = digest === undefined ? undefined : repository.manifests.get(digest)
  if (digest === undefined || record === undefined) throw unknown(reference)
  return { digest, record }
}

/** Removes a tag, or a manifest with the tags that point at it. Resolves with the tags that went. Throws `not found`. */
export async function deleteManifest(registry: Registry, name: string, reference: string): Promise<readonly string[]> {
  const { digest } = findManifest(registry, name, reference)
  if (reference !== digest) {
    await registry.repositories.removeTag(name, reference)
    return [reference]
  }
  const tags = [...registry.repository(name).tags].filter(([, target]) => target === digest).map(([tag]) => tag)
  await registry.repositories.removeManifests(name, [digest])
  return tags
}

/** Removes a blob from a repository. Throws `not found`. */
export async function deleteBlob(registry: Registry, name: string, digest: ContentDigest): Promise<void> {
  registry.blob(name, digest)
  await registry.repositories.removeBlobs(name, [digest])
}

/** A descriptor as the referrers' list shows it. */
export interface ReferrerDescriptor {
  readonly mediaType: string
  readonly size: number
  readonly digest: ContentDigest
  readonly artifactType?: string
  readonly annotations?: Readonly<Record<string, string>>
}

/** What refers to a manifest, which need not be here, in the order of digests (OCI distribution-spec, Listing Referrers). */
export function referrersOf(repository: Repository | undefined, subject: ContentDigest): readonly ReferrerDescriptor[] {
  return [...(repository?.manifests ?? [])]
    .flatMap(([digest, { mediaType, size, refers }]) => {
      if (refers?.subject !== subject) return []
      const { artifactType, annotations } = refers
      return [
        { mediaType, size, digest, ...(artifactType !== undefined && { artifactType }), ...(annotations !== undefined && { annotations }) },
      ]
    })
    .toSorted((a, b) => (a.digest < b.digest ? -1 : 1))
}

function unknown(reference: string): GalleyError {
  const subject = reference.slice(0, 150)
  return new GalleyError('not found', `manifest unknown to registry: ${subject}`, { code: 'manifest.unknown', subject })
}
