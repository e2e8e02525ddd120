import type { Clock } from '#base/clock.ts'
import type { Digest } from '#base/digest.ts'
import { GalleyError } from '#base/error.ts'
import type { Log } from '#base/log.ts'
import type { ContentDigest } from './digest.ts'
import type { BlobLink, Repositories, Repository } from './repositories.ts'
import { Uploads } from './uploads.ts'

/** What this room needs of the content that it shares with the engine. */
export interface SharedContent {
  /** Runs what adds content; nothing is removed meanwhile. */
  whileAdding<T>(task: () => Promise<T>): Promise<T>
  /** Whether the bytes of a content that a repository has can be had: stored, or from a plain layer's files. */
  has(content: Digest): boolean
  /** Whether they are stored as they are. */
  isStored(content: Digest): boolean
  /** Bytes of a content that is stored. */
  size(content: Digest): number
  /** From byte `start` up to `end` (exclusive). A piece is only good until the next one is asked for. */
  bytes(content: Digest, start: number, end: number): AsyncIterable<Uint8Array>
  read(content: Digest): Promise<Buffer>
  put(bytes: Buffer): Promise<{ readonly digest: Digest; readonly size: number }>
  /** Makes a file of the same file system, whose digest was verified, content. */
  take(path: string, content: Digest): Promise<void>
  /** Removes what nothing names any more, once nothing is being added. */
  collect(): Promise<void>
}

export interface RegistryParts {
  /** Loaded. */
  readonly repositories: Repositories
  readonly content: SharedContent
  /** A directory on the content's file system for what is still arriving. */
  readonly directory: string
  readonly clock: Clock
  readonly log: Log
}

/** The repositories that are served to others, over the engine's own content. The room's other verbs work on it. */
export class Registry {
  readonly repositories: Repositories
  readonly uploads: Uploads
  readonly content: SharedContent
  readonly clock: Clock
  readonly log: Log
  /** When it began to run, in milliseconds since the epoch. */
  readonly started: number
  /** When a client last asked for a blob that no manifest names yet; lost with the process, whose start then counts. */
  readonly #seen = new Map<string, number>()
  /** A manifest that is being stored, and what it names. */
  readonly #pinned = new Map<string, number>()

  constructor({ repositories, content, directory, clock, log }: RegistryParts) {
    this.repositories = repositories
    this.uploads = new Uploads(directory)
    this.content = content
    this.clock = clock
    this.log = log
    this.started = clock.now()
  }

  /** Throws `not found`. */
  repository(name: string): Repository {
    const found = this.repositories.get(name)
    if (found !== undefined) return found
    throw new GalleyError('not found', `repository name not known to registry: ${name}`, { code: 'name.unknown', subject: name })
  }

  /** A blob of a repository. Whoever asks may be about to name it in a manifest, so that it stays a while. Throws `not found`. */
  blob(name: string, digest: ContentDigest): BlobLink {
    const link = this.repositories.get(name)?.blobs.get(digest)
    if (link === undefined || !this.content.has(link.content))
      throw new GalleyError('not found', `blob unknown to registry: ${digest}`, { code: 'blob.unknown', subject: digest })
    this.#seen.set(`${name} ${digest}`, this.clock.now())
    return link
  }

  /** Keeps blobs and manifests from being let go until the result is disposed. */
  pin(name: string, digests: readonly ContentDigest[]): Disposable {
    const keys = digests.map((digest) => `${name} ${digest}`)
    for (const key of keys) this.#pinned.set(key, (this.#pinned.get(key) ?? 0) + 1)
    return {
      [Symbol.dispose]: () => {
        for (const key of keys) {
          const left = (this.#pinned.get(key) ?? 1) - 1
          if (left === 0) this.#pinned.delete(key)
          else this.#pinned.set(key, left)
        }
      },
    }
  }

  isPinned(name: string, digest: ContentDigest): boolean {
    return this.#pinned.has(`${name} ${digest}`)
  }

  /** When a blob was last of use to a push, in milliseconds since the epoch; `Infinity` while a manifest that names it is being stored. */
  lastUse(name: string, digest: ContentDigest, { at }: BlobLink): number {
    return this.isPinned(name, digest) ? Infinity : Math.max(at, this.started, this.#seen.get(`${name} ${digest}`) ?? 0)
  }

  /** Forgets who asked for what before `oldest` (milliseconds since the epoch). */
  forgetBefore(oldest: number): void {
    for (const [key, at] of this.#seen) if (at < oldest) this.#seen.delete(key)
  }
}
