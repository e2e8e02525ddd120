import { isDigest } from '#base/digest.ts'
import { GalleyError } from '#base/error.ts'
import { isContentDigest, type ContentDigest } from '../digest.ts'
import { findManifest } from '../manifests.ts'
import type { StoredManifest } from '../put-manifest.ts'
import { readManifest } from '../read-manifest.ts'
import { linkBlob } from '../receive-blob.ts'
import type { Registry } from '../registry.ts'
import type { ManifestRecord } from '../repositories.ts'
import { fetchedBlob, type BlobFetch, type WantedBlob } from './blob-fetch.ts'
import { upstreamError, upstreamFailed, type Upstream, type UpstreamRepository } from './upstream.ts'

/** A blob as it is served: whole on the disk, or while it comes from elsewhere. */
export interface ServedBlob {
  readonly size: number
  /** From byte `start` up to `end` (exclusive). A piece is only good until the next one is asked for. */
  bytes(start: number, end: number): AsyncIterable<Uint8Array>
}

export interface MirrorsParts {
  readonly registry: Registry
  readonly upstream: Upstream
  /** The domains that are mirrored, which begin their repositories' names here. */
  readonly domains: readonly string[]
  /** Blobs that are coming, by digest: of those that have the same registry, the same. */
  readonly fetching: Map<string, Promise<BlobFetch>>
}

/** The registry whose mirrors are asked under names without a domain. */
const hub = 'docker.io'

/** What is read of a repository, whether it is ours or another registry's. What is another's is kept, and served from here when that registry is down. */
export class Mirrors {
  readonly #registry: Registry
  readonly #upstream: Upstream
  readonly #domains: readonly string[]
  readonly #fetching: MirrorsParts['fetching']

  constructor({ registry, upstream, domains, fetching }: MirrorsParts) {
    this.#registry = registry
    this.#upstream = upstream
    this.#domains = domains
    this.#fetching = fetching
  }

  /** Whether a repository is another registry's. */
  has(name: string): boolean {
    return this.#domains.some((domain) => name.startsWith(`${domain}/`))
  }

  /**
   * The repository that a client means: containerd says the registry as `ns`, and Docker's `registry-mirrors` are asked for Docker Hub's
   * repositories by their bare names, which stand for them as long as none here has the name.
   */
  resolve(name: string, namespace: string | undefined): string {
    if (namespace !== undefined && this.#domains.includes(namespace)) return `${namespace}/${name}`
    const isOurs = this.has(name) || this.#registry.repositories.get(name) !== undefined
    return !isOurs && this.#domains.includes(hub) ? `${hub}/${name}` : name
  }

  /** The repositories that a name may stand for, whatever a client says beside it. */
  meant(name: string): readonly string[] {
    return [name, ...this.#domains.map((domain) => `${domain}/${name}`)]
  }

  /** Throws `not found`, and `unavailable` when another registry's can't be had and never was. */
  async manifest(
    name: string,
    reference: string,
    signal: AbortSignal,
  ): Promise<{ readonly stored: StoredManifest; readonly stale: boolean }> {
    const source = this.#sourceOf(name)
    if (source === undefined) return { stored: findManifest(this.#registry, name, reference), stale: false }
    const known = this.#known(name, reference)
    // Content under a digest never changes.
    if (known !== undefined && isContentDigest(reference)) return { stored: known, stale: false }
    try {
      if (known !== undefined && (await source.digestOf(reference, signal)) === known.digest) return { stored: known, stale: false }
      return { stored: await this.#fetchManifest(name, { source, reference, signal }), stale: false }
    } catch (error) {
      if (known === undefined || !upstreamFailed(error)) throw upstreamError(error, reference)
      return { stored: known, stale: true }
    }
  }

  /** Throws as `manifest` does. */
  async tags(name: string, signal: AbortSignal): Promise<readonly string[]> {
    const source = this.#sourceOf(name)
    const own = (): readonly string[] => [...this.#registry.repository(name).tags.keys()].toSorted()
    if (source === undefined) return own()
    try {
      return (await source.tags(signal)).toSorted()
    } catch (error) {
      if (!upstreamFailed(error) || this.#registry.repositories.get(name) === undefined) throw upstreamError(error, name)
      return own()
    }
  }

  /** A blob of ours, or one that a manifest which was fetched from elsewhere names. Throws `not found`. */
  async blob(name: string, digest: ContentDigest): Promise<ServedBlob> {
    const { content, repositories, clock } = this.#registry
    const source = this.#sourceOf(name)
    if (source === undefined || repositories.get(name)?.blobs.has(digest) === true) return this.#here(name, digest)
    const size = isDigest(digest) ? await this.#promisedSize(name, digest) : undefined
    if (size === undefined || !isDigest(digest)) return this.#here(name, digest)
    const isHere = await content.whileAdding(async () => {
      if (!content.isStored(digest) || content.size(digest) !== size) return false
      await linkBlob(this.#registry, { name, digest }, { content: digest, size, at: clock.now() })
      return true
    })
    return isHere ? this.#here(name, digest) : await this.#fetched({ name, digest, size, source })
  }

  /** Those who want the same blob share what comes. */
  #fetched(wanted: WantedBlob): Promise<BlobFetch> {
    const running = this.#fetching.get(wanted.digest)
    if (running !== undefined) return running
    const fetch = fetchedBlob(this.#registry, this.#upstream, wanted)
    this.#fetching.set(wanted.digest, fetch)
    const end = (): void => void this.#fetching.delete(wanted.digest)
    fetch.then(({ whole }) => whole).then(end, end)
    return fetch
  }

  #here(name: string, digest: ContentDigest): ServedBlob {
    const { content, size } = this.#registry.blob(name, digest)
    return { size, bytes: (start, end) => this.#registry.content.bytes(content, start, end) }
  }

  #sourceOf(name: string): UpstreamRepository | undefined {
    const domain = this.#domains.find((one) => name.startsWith(`${one}/`))
    return domain === undefined ? undefined : this.#upstream.repository(domain, name.slice(domain.length + 1))
  }

  #known(name: string, reference: string): StoredManifest | undefined {
    try {
      return findManifest(this.#registry, name, reference)
    } catch (error) {
      if (error instanceof GalleyError && error.kind === 'not found') return undefined
      throw error
    }
  }

  async #fetchManifest(
    name: string,
    { source, reference, signal }: { readonly source: UpstreamRepository; readonly reference: string; readonly signal: AbortSignal },
  ): Promise<StoredManifest> {
    const { content, repositories, clock } = this.#registry
    const { bytes, digest, mediaType } = await source.manifest(reference, signal)
    const read = readManifest(bytes, mediaType)
    const tags = isContentDigest(reference) ? [] : [reference]
    return await content.whileAdding(async () => {
      const { digest: kept, size } = await content.put(bytes)
      const record: ManifestRecord = { ...read, content: kept, size, at: clock.now() }
      await repositories.addManifest(name, digest, record, tags)
      return { digest, record }
    })
  }

  /** How long a manifest of the repository says that a blob is; undefined when none names it, and it is not to be fetched. */
  async #promisedSize(name: string, digest: ContentDigest): Promise<number | undefined> {
    const record = [...(this.#registry.repositories.get(name)?.manifests.values() ?? [])].find(({ blobs }) => blobs.includes(digest))
    if (record === undefined) return undefined
    const bytes = await this.#registry.content.read(record.content)
    const { config, layers } = JSON.parse(bytes.toString('utf8')) as Record<'config', Sized> & Record<'layers', readonly Sized[]>
    return [config, ...layers].find((one) => one.digest === digest)?.size
  }
}

interface Sized {
  readonly digest: string
  readonly size: number
}
