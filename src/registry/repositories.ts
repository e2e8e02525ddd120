import type { Digest } from '#base/digest.ts'
import { KeyedTurns } from '#base/turns.ts'
import type { Store, Write } from '#store/store.ts'
import type { ContentDigest } from './digest.ts'

/** A blob that a repository has. */
export interface BlobLink {
  /** Under which the content is kept; clients may know it by another algorithm's digest. */
  readonly content: Digest
  readonly size: number
  /** When it came, in milliseconds since the epoch. */
  readonly at: number
}

/** A manifest or index that a repository has. */
export interface ManifestRecord extends BlobLink {
  readonly mediaType: string
  /** The configuration and the layers. */
  readonly blobs: readonly ContentDigest[]
  /** An index's manifests. */
  readonly manifests: readonly ContentDigest[]
  /** What it refers to, with what `referrers` tells of it. */
  readonly refers?: Referral
}

export interface Referral {
  readonly subject: ContentDigest
  readonly artifactType?: string
  readonly annotations?: Readonly<Record<string, string>>
}

export interface Repository {
  readonly name: string
  readonly tags: ReadonlyMap<string, ContentDigest>
  readonly manifests: ReadonlyMap<ContentDigest, ManifestRecord>
  readonly blobs: ReadonlyMap<ContentDigest, BlobLink>
}

interface Contents {
  readonly name: string
  readonly tags: Map<string, ContentDigest>
  readonly manifests: Map<ContentDigest, ManifestRecord>
  readonly blobs: Map<ContentDigest, BlobLink>
}

const prefix = '/registry/repository/'
type Part = 'tags' | 'manifests' | 'blobs'

/**
 * All repositories, in memory. What is added is in the store before it shows here; what is removed shows at once, so that nobody builds on
 * it while it goes.
 */
export class Repositories {
  readonly #store: Store
  readonly #all = new Map<string, Contents>()
  /** How many links there are to a content. */
  readonly #held = new Map<Digest, number>()
  /** Of changes of a repository's manifests and tags. */
  readonly #turns = new KeyedTurns()

  constructor(store: Store) {
    this.#store = store
  }

  /** Reads everything; call once, first. */
  async load(): Promise<void> {
    for (const { key, value } of (await this.#store.list(prefix)).entries) {
      const [, name = '', part = '', last = ''] = /^(.+)\/_(tags|manifests|blobs)\/([^/]+)$/.exec(key.slice(prefix.length)) ?? []
      const contents = this.#contents(name)
      const parsed: unknown = JSON.parse(value)
      if (part === 'tags') contents.tags.set(last, parsed as ContentDigest)
      if (part === 'manifests') this.#set(contents.manifests, last as ContentDigest, parsed as ManifestRecord)
      if (part === 'blobs') this.#set(contents.blobs, last as ContentDigest, parsed as BlobLink)
    }
    for (const contents of this.#all.values()) {
      // Their manifests were deleted while they were being pushed.
      for (const [tag, target] of contents.tags) if (!contents.manifests.has(target)) contents.tags.delete(tag)
      this.#tidy(contents)
    }
  }

  get(name: string): Repository | undefined {
    return this.#all.get(name)
  }

  /** In the order of their names. */
  all(): readonly Repository[] {
    return [...this.#all.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1))
  }

  /** Whether any repository has a content. */
  holds(content: Digest): boolean {
    return this.#held.has(content)
  }

  async addBlob(name: string, digest: ContentDigest, link: BlobLink): Promise<void> {
    await this.#write([{ put: keyOf(name, 'blobs', digest), value: JSON.stringify(link) }])
    this.#set(this.#contents(name).blobs, digest, link)
  }

  async removeBlobs(name: string, digests: readonly ContentDigest[]): Promise<void> {
    await this.#remove(
      name,
      ({ blobs }) => digests.forEach((digest) => this.#delete(blobs, digest)),
      digests.map((digest) => ({ delete: keyOf(name, 'blobs', digest) })),
    )
  }

  /** Adds a manifest and points tags at it, in one step. */
  addManifest(name: string, digest: ContentDigest, record: ManifestRecord, tags: readonly string[]): Promise<void> {
    return this.#turns.run(name, async () => {
      await this.#write([
        { put: keyOf(name, 'manifests', digest), value: JSON.stringify(record) },
        ...tags.map((tag) => ({ put: keyOf(name, 'tags', tag), value: JSON.stringify(digest) })),
      ])
      const contents = this.#contents(name)
      this.#set(contents.manifests, digest, record)
      for (const tag of tags) contents.tags.set(tag, digest)
    })
  }

  /** Removes manifests with the tags that point at them, in one step. */
  async removeManifests(name: string, digests: readonly ContentDigest[]): Promise<void> {
    const going = new Set(digests)
    const tagsOf = ({ tags }: Contents): readonly string[] => [...tags].flatMap(([tag, target]) => (going.has(target) ? [tag] : []))
    const take = (left: Contents): readonly string[] => {
      const tags = tagsOf(left)
      for (const tag of tags) left.tags.delete(tag)
      for (const digest of digests) this.#delete(left.manifests, digest)
      return tags
    }
    const taken = this.#take(name, take) ?? []
    await this.#turns.run(name, async () => {
      const now = this.#all.get(name)
      // What was pushed before points a tag elsewhere by now, or at these once more.
      const tags = now === undefined ? taken : [...taken.filter((tag) => !now.tags.has(tag)), ...tagsOf(now)]
      await this.#remove(name, take, [
        ...digests.map((digest) => ({ delete: keyOf(name, 'manifests', digest) })),
        ...tags.map((tag) => ({ delete: keyOf(name, 'tags', tag) })),
      ])
    })
  }

  async removeTag(name: string, tag: string): Promise<void> {
    const take = ({ tags }: Contents): unknown => tags.delete(tag)
    this.#take(name, take)
    await this.#turns.run(name, () => this.#remove(name, take, [{ delete: keyOf(name, 'tags', tag) }]))
  }

  /** Takes something away at once, and again when the store has: what was being added at the same time has come in between, and is gone there. */
  async #remove(name: string, take: (contents: Contents) => unknown, writes: readonly Write[]): Promise<void> {
    this.#take(name, take)
    await this.#write(writes)
    this.#take(name, take)
  }

  #take<T>(name: string, take: (contents: Contents) => T): T | undefined {
    const contents = this.#all.get(name)
    if (contents === undefined) return undefined
    const taken = take(contents)
    this.#tidy(contents)
    return taken
  }

  #contents(name: string): Contents {
    const known = this.#all.get(name)
    if (known !== undefined) return known
    const made: Contents = { name, tags: new Map(), manifests: new Map(), blobs: new Map() }
    this.#all.set(name, made)
    return made
  }

  #tidy({ name, manifests, blobs }: Contents): void {
    if (manifests.size === 0 && blobs.size === 0) this.#all.delete(name)
  }

  #set<T extends BlobLink>(map: Map<ContentDigest, T>, digest: ContentDigest, link: T): void {
    if (!map.has(digest)) this.#held.set(link.content, (this.#held.get(link.content) ?? 0) + 1)
    map.set(digest, link)
  }

  #delete(map: Map<ContentDigest, BlobLink>, digest: ContentDigest): void {
    const link = map.get(digest)
    if (link === undefined) return
    map.delete(digest)
    const left = (this.#held.get(link.content) ?? 1) - 1
    if (left === 0) this.#held.delete(link.content)
    else this.#held.set(link.content, left)
  }

  async #write(writes: readonly Write[]): Promise<void> {
    if (writes.length > 0) await this.#store.txn({ then: writes })
  }
}

/** No component of a repository's name begins with `_`. */
function keyOf(name: string, part: Part, last: string): string {
  return `${prefix}${name}/_${part}/${last}`
}
