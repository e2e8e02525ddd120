import type { Digest } from '#base/digest.ts'
import type { ImageContent } from '#engine/images/content.ts'
import type { PushPlace } from '#engine/images/push.ts'
import { parseName, parseTag } from './name.ts'
import { putManifest } from './put-manifest.ts'
import { linkBlob } from './receive-blob.ts'
import type { Registry } from './registry.ts'

/**
 * Where the engine pushes an image to that belongs to this registry: it has everything already, so that a push only gives a repository
 * what the engine has. The engine calls it while nothing is being removed.
 */
export class LocalTarget implements PushPlace {
  readonly #registry: Registry
  readonly #content: ImageContent
  readonly #name: string

  /** Throws `invalid` for what can't be a repository. */
  constructor(registry: Registry, content: ImageContent, name: string) {
    this.#registry = registry
    this.#content = content
    this.#name = parseName(name)
  }

  async has(digest: Digest): Promise<boolean> {
    const { content, clock } = this.#registry
    const size = content.isStored(digest) ? content.size(digest) : (await this.#content.blobOf(digest)).size
    await linkBlob(this.#registry, { name: this.#name, digest }, { content: digest, size, at: clock.now() })
    return true
  }

  async mount(): Promise<boolean> {
    return false
  }

  async upload(): Promise<void> {
    throw new Error('a push within one content store sends nothing')
  }

  async putManifest(tag: string, { bytes, mediaType }: { readonly bytes: Buffer; readonly mediaType: string }): Promise<void> {
    await putManifest(this.#registry, { repository: this.#name, bytes, mediaType, digest: undefined, tags: [parseTag(tag)] })
  }
}
