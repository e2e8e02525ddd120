import { messageOf } from '#base/error.ts'
import type { Digest } from '#base/digest.ts'
import { isDigest } from '#base/digest.ts'
import { KeyedTurns } from '#base/turns.ts'
import { familiarReference, parseImageReference, withDigest, type ImageReference } from '#base/image-reference.ts'
import { parseManifest, type Manifest } from '#content/manifests/manifest.ts'
import { mediaTypes } from '#content/manifests/media-types.ts'
import { choosePlatform, formatPlatform, hostPlatform } from '#content/manifests/platform.ts'
import { largestConfig, parseImageConfig } from '#engine/images/image-config.ts'
import { sameRepository, type Images } from '#engine/images/images.ts'
import type { Image } from '#engine/images/model.ts'
import type { ContentDigest } from './digest.ts'
import { findManifest } from './manifests.ts'
import type { StoredManifest } from './put-manifest.ts'
import type { Registry } from './registry.ts'

export interface RunnableParts {
  readonly registry: Registry
  readonly images: Images
  /** By which names images of this registry are called, the usual one first. */
  readonly domains: () => readonly string[]
}

export interface PushedTag {
  /** What the client called the registry. */
  readonly host: string
  readonly repository: string
  readonly tag: string
}

const configTypes: ReadonlySet<string> = new Set([mediaTypes.ociConfig, mediaTypes.dockerConfig])

/** Makes what clients push an image of the engine, `localhost:5000/app:1`, so that it can be run without a pull. */
export class RunnableImages {
  readonly #parts: RunnableParts
  /** Of each tag: pushes and deletions of the same one may come at once. */
  readonly #turns = new KeyedTurns()

  constructor(parts: RunnableParts) {
    this.#parts = parts
  }

  /**
   * Unpacks the layers of a manifest, or of an index's manifest for this machine, and gives the image its name. What is no image, or none
   * for this machine, stays in the registry alone; that is no failure of the push.
   */
  make(pushed: PushedTag, stored: StoredManifest): Promise<void> {
    return this.#turns.run(turnOf(pushed), () => this.#make(pushed, stored))
  }

  async #make({ host, repository, tag }: PushedTag, stored: StoredManifest): Promise<void> {
    const { registry, domains } = this.#parts
    // It is another one's by now, whose turn comes, or nobody's.
    if (registry.repositories.get(repository)?.tags.get(tag) !== stored.digest) return
    const [first = host] = domains()
    const text = `${domains().includes(host) ? host : first}/${repository}:${tag}`
    try {
      const reference = parseImageReference(text)
      const manifest = await this.#manifestFor(repository, stored)
      if (manifest !== undefined) await this.#bring(reference, stored.digest, manifest)
    } catch (error) {
      registry.log.warn('registry: what was pushed cannot be run here', { reference: text, error: messageOf(error) })
    }
  }

  /** Takes the name off that a pushed tag gave; the image goes with its last one, unless a container has it. */
  forget(repository: string, tag: string, digest: ContentDigest): Promise<void> {
    return this.#turns.run(turnOf({ repository, tag }), () => this.#forget(repository, tag, digest))
  }

  async #forget(repository: string, tag: string, digest: ContentDigest): Promise<void> {
    const { images, domains, registry } = this.#parts
    // It was pushed again meanwhile.
    if (registry.repositories.get(repository)?.tags.get(tag) === digest) return
    for (const domain of domains()) {
      const reference: ImageReference = { domain, path: repository, tag }
      const image = images.index.find(reference)
      // Somebody may have given the name to another image since.
      if (image === undefined || !isDigest(digest) || !image.references.includes(familiarReference(withDigest(reference, digest)))) continue
      await images.forget(reference)
      await this.#release(image, reference)
    }
  }

  async #manifestFor(repository: string, { record, digest }: StoredManifest): Promise<Kept | undefined> {
    const { registry } = this.#parts
    const bytes = await registry.content.read(record.content)
    const parsed = parseManifest(bytes, record.mediaType)
    if (parsed.type === 'manifest')
      return configTypes.has(parsed.config.mediaType) ? { parsed, bytes, mediaType: record.mediaType } : undefined
    const chosen = choosePlatform(parsed.manifests, hostPlatform())
    if (chosen === undefined || chosen.digest === digest) return undefined
    const child = findManifest(registry, repository, chosen.digest)
    return child.record.manifests.length > 0 ? undefined : await this.#manifestFor(repository, child)
  }

  async #bring(reference: ImageReference, digest: ContentDigest, kept: Kept): Promise<void> {
    const { images } = this.#parts
    using _held = images.hold(kept.parsed.config.digest)
    const before = images.index.find(reference)
    const image = images.find(kept.parsed.config.digest) ?? (await this.#add(kept))
    if (image === undefined) return
    if (before?.id !== image.id) await images.refer(reference, image.id)
    if (isDigest(digest)) await images.refer(withDigest(reference, digest), image.id)
    if (before !== undefined && before.id !== image.id) await this.#release(before, reference)
  }

  /** Undefined for an image of another kind of machine. */
  async #add({ parsed, bytes, mediaType }: Kept): Promise<Image | undefined> {
    const { images, registry } = this.#parts
    const { digest, size } = parsed.config
    if (size > largestConfig) return undefined
    const configuration = await registry.content.read(digest)
    const config = parseImageConfig(configuration)
    const here = hostPlatform()
    if (config.os !== here.os || config.architecture !== here.architecture) {
      registry.log.info('registry: an image for another platform was pushed', { image: digest, platform: formatPlatform(config) })
      return undefined
    }
    return await images.content.whileAdding(async () => {
      for (const [index, diffId] of config.rootfs.diff_ids.entries()) await this.#unpack(parsed, index, diffId)
      const image = await images.add(configuration)
      await images.content.keep('manifest', image.id, { bytes, mediaType })
      return image
    })
  }

  async #unpack({ layers }: Manifest, index: number, diffId: Digest): Promise<void> {
    const { content } = this.#parts.images
    const layer = layers[index]
    if (layer === undefined) throw new Error('the manifest has fewer layers than the configuration')
    if (!(await content.hasLayer(diffId))) await content.addBlob(layer.digest, layer.size, diffId)
  }

  /** An image that lost its name here to a later push. */
  async #release({ id }: Image, repository: ImageReference): Promise<void> {
    const { images } = this.#parts
    const own = (images.index.get(id)?.references ?? []).map(parseImageReference).filter((one) => sameRepository(one, repository))
    if (own.every(({ tag }) => tag === undefined)) for (const reference of own) await images.forget(reference)
    await images.deleteUnused(id)
  }
}

function turnOf({ repository, tag }: Pick<PushedTag, 'repository' | 'tag'>): string {
  return `${repository}:${tag}`
}

interface Kept {
  readonly parsed: Manifest
  readonly bytes: Buffer
  readonly mediaType: string
}
