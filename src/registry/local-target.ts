import { isDigest, type Digest } from '#base/digest.ts'
import type { Sending } from '#content/remote/push-target.ts'
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

  /** False for what only goes out with the image, such as an attestation. */
  async has(digest: Digest): Promise<boolean> {
    const { content } = this.#registry
    if (!content.has(digest)) return false
    await this.#link(digest, content.isStored(digest) ? content.size(digest) : (await this.#content.blobOf(digest)).size)
    return true
  }

  async mount(): Promise<boolean> {
    return false
  }

  async upload({ digest, size, bytes }: Sending): Promise<void> {
    await this.#registry.content.put(Buffer.concat(await Array.fromAsync(bytes(0))))
    await this.#link(digest, size)
  }

  async putManifest(name: string, { bytes, mediaType }: { readonly bytes: Buffer; readonly mediaType: string }): Promise<void> {
    const tags = isDigest(name) ? [] : [parseTag(name)]
    await putManifest(this.#registry, { repository: this.#name, bytes, mediaType, digest: undefined, tags })
  }

  async #link(digest: Digest, size: number): Promise<void> {
    const link = { content: digest, size, at: this.#registry.clock.now() }
    await linkBlob(this.#registry, { name: this.#name, digest }, link)
  }
}
