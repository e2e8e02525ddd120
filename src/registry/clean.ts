import type { Registry } from './registry.ts'
import type { Repository } from './repositories.ts'
import type { ContentDigest } from './digest.ts'

/** How long a blob waits for a manifest that names it (milliseconds): six hours. */
export const usualPatience = 6 * 3_600_000

export interface Cleaning {
  /** Milliseconds that a blob without a manifest must have been of no use to anybody. */
  readonly patience: number
  /** Whether manifests that no tag, index or subject holds go as well. */
  readonly untagged: boolean
}

export interface Cleaned {
  readonly manifests: number
  readonly blobs: number
}

/**
 * Lets go of what no manifest needs, while clients push and pull: a blob that a push has brought, asked for or mounted within `patience`
 * stays, and so does what a manifest that is just being stored names. The content goes when nothing else holds it either.
 */
export async function clean(registry: Registry, { patience, untagged }: Cleaning): Promise<Cleaned> {
  const counts = { manifests: 0, blobs: 0 }
  for (const { name } of registry.repositories.all()) {
    if (untagged) counts.manifests += await cleanManifests(registry, name, patience)
    counts.blobs += await cleanBlobs(registry, name, patience)
  }
  registry.forgetBefore(registry.clock.now() - patience)
  await registry.uploads.clean(registry.clock.now())
  await registry.content.collect()
  return counts
}

async function cleanManifests(registry: Registry, name: string, patience: number): Promise<number> {
  let count = 0
  for (let loose = looseManifests(registry, name, patience); loose.length > 0; loose = looseManifests(registry, name, patience)) {
    // In one turn with the question, so that no push comes in between.
    await registry.repositories.removeManifests(name, loose)
    count += loose.length
  }
  return count
}

/** An index goes before its manifests, a subject before what refers to it. */
function looseManifests(registry: Registry, name: string, patience: number): readonly ContentDigest[] {
  const repository = registry.repositories.get(name)
  if (repository === undefined) return []
  const kept = new Set([...repository.tags.values(), ...[...repository.manifests.values()].flatMap(({ manifests }) => manifests)])
  const oldest = registry.clock.now() - patience
  return [...repository.manifests]
    .filter(
      ([digest, { refers, at }]) =>
        !kept.has(digest) &&
        at <= oldest &&
        !registry.isPinned(name, digest) &&
        !(refers !== undefined && repository.manifests.has(refers.subject)),
    )
    .map(([digest]) => digest)
}

async function cleanBlobs(registry: Registry, name: string, patience: number): Promise<number> {
  const repository = registry.repositories.get(name)
  if (repository === undefined) return 0
  const oldest = registry.clock.now() - patience
  const loose = unnamedBlobs(repository).filter((digest) => {
    const link = repository.blobs.get(digest)
    return link !== undefined && registry.lastUse(name, digest, link) <= oldest
  })
  // In one turn with the question, so that no manifest comes in between.
  if (loose.length > 0) await registry.repositories.removeBlobs(name, loose)
  return loose.length
}

/** Whether something may have to be let go later. */
export function isUntidy({ repositories }: Registry): boolean {
  return repositories.all().some((repository) => unnamedBlobs(repository).length > 0)
}

/** Blobs that no manifest of their repository names. */
function unnamedBlobs({ blobs, manifests }: Repository): readonly ContentDigest[] {
  const named = new Set([...manifests.values()].flatMap((record) => record.blobs))
  return [...blobs.keys()].filter((digest) => !named.has(digest))
}
