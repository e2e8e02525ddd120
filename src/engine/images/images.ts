import { GalleyError } from '#base/error.ts'
import type { Clock } from '#base/clock.ts'
import { digestOf, isDigest, type Digest } from '#base/digest.ts'
import { canonicalReference, familiarReference, parseImageReference, withDefaultTag, type ImageReference } from '#base/image-reference.ts'
import { single } from '#content/blobs/single.ts'
import { formatPlatform } from '#content/manifests/platform.ts'
import type { Store } from '#store/store.ts'
import { ImageContent, type Blobs, type Layers } from './content.ts'
import { ImageIndex } from './image-index.ts'
import { parseImageConfig } from './image-config.ts'
import type { Image, ImageConfig, ImageUse, Removed, RunConfig } from './model.ts'
import { removeImage } from './remove.ts'

export interface ImagesOptions {
  readonly store: Store
  readonly blobs: Blobs
  readonly layers: Layers
  readonly clock: Clock
  /** The containers that were made from an image; the containers' room answers. */
  readonly usedBy?: (image: Digest) => readonly ImageUse[]
  /** Whether a layer that no image has must stay all the same; the builder's cache answers. */
  readonly holdsLayer?: (layer: Digest) => boolean
  /** Told of `tag`, `untag`, `delete`, `import`, `load`, `pull`. */
  readonly onEvent?: (action: string, image: Digest, attributes: Readonly<Record<string, string>>) => void
  /** Told of an image that is left out, as its configuration was damaged on disk. */
  readonly onDamage?: (image: Digest, error: unknown) => void
}

/** The images of this machine: names, configurations and layers. The room's other verbs work on it. */
export class Images {
  readonly index: ImageIndex
  readonly content: ImageContent
  readonly clock: Clock
  readonly usedBy: (image: Digest) => readonly ImageUse[]
  readonly #onDamage: (image: Digest, error: unknown) => void
  readonly #holdsLayer: (layer: Digest) => boolean
  /** Those that are being deleted: nobody may be given one any more. */
  readonly #leaving = new Set<Digest>()
  /** Those that somebody is making something of, such as a build that has not named its result yet. */
  readonly #held = new Map<Digest, number>()
  readonly emit: (action: string, image: Digest, attributes: Readonly<Record<string, string>>) => void

  constructor({ store, blobs, layers, clock, usedBy, holdsLayer, onEvent, onDamage }: ImagesOptions) {
    this.index = new ImageIndex(store)
    this.content = new ImageContent({ store, blobs, layers, needed: (digest) => this.#needs(digest) })
    this.clock = clock
    this.#onDamage = onDamage ?? (() => undefined)
    this.usedBy = usedBy ?? (() => [])
    this.#holdsLayer = holdsLayer ?? (() => false)
    this.emit = (action, image, attributes) => onEvent?.(action, image, { ...this.index.get(image)?.config.config?.Labels, ...attributes })
  }

  /** Reads the index from the store; call once, first. */
  async start(): Promise<void> {
    await this.index.load((id) => this.#configOf(id))
  }

  /** One configuration that was damaged on disk must not keep all other images, and the daemon, from starting. */
  async #configOf(id: Digest): Promise<ImageConfig | undefined> {
    if (!(await this.content.blobs.has(id))) return undefined
    try {
      return parseImageConfig(await this.content.blobs.read(id))
    } catch (error) {
      this.#onDamage(id, error)
      return undefined
    }
  }

  /** Newest first. */
  list(): readonly Image[] {
    return this.index.all().toSorted((a, b) => b.created - a.created)
  }

  /** Finds an image as Docker does: by digest, by name, then by a unique prefix of its id. Throws `not found`, `invalid`. */
  resolve(nameOrId: string): Image {
    const image = this.find(nameOrId)
    if (image === undefined) throw noSuchImage(nameOrId)
    return image
  }

  /** As `resolve`, but undefined when there is none, or it is being deleted. Throws `invalid` for what can't be a name. */
  find(nameOrId: string): Image | undefined {
    const image = this.#find(nameOrId)
    return image !== undefined && this.#leaving.has(image.id) ? undefined : image
  }

  #find(nameOrId: string): Image | undefined {
    const id = fullId(nameOrId)
    if (id !== undefined) return this.index.get(id)
    return this.findByName(withDefaultTag(parseImageReference(nameOrId))) ?? this.#findByPrefix(nameOrId)
  }

  /** With a tag and a digest, the digest decides and the repository must fit. */
  findByName(reference: ImageReference): Image | undefined {
    const exact = this.index.find(reference)
    if (exact !== undefined || reference.digest === undefined) return exact
    const { domain, path, digest } = reference
    const pulled = this.index.find({ domain, path, digest })
    if (pulled !== undefined) return pulled
    const image = this.index.get(digest)
    return image?.references.some((text) => sameRepository(parseImageReference(text), reference)) === true ? image : undefined
  }

  /**
   * Whether an image is another one, or was made from it, here or elsewhere: what it consists of begins with all of the other one's layers
   * and steps. False for one that is not here. Throws `invalid` for what can't be a name.
   */
  isFrom(id: Digest, ancestor: string): boolean {
    const [own, other] = [this.index.get(id), this.find(ancestor)]
    if (own === undefined || other === undefined) return false
    return own.id === other.id || (isBeginning(other.layers, own.layers) && isBeginning(stepsOf(other), stepsOf(own)))
  }

  /** The image as a container runs it: the directories of its layers, lowest first. */
  runnable(nameOrId: string): {
    readonly id: Digest
    readonly config: RunConfig
    readonly platform: string
    readonly layers: readonly string[]
  } {
    const { id, config, layers } = this.resolve(nameOrId)
    return {
      id,
      config: config.config ?? {},
      platform: formatPlatform(config),
      layers: layers.map((layer) => this.content.layers.path(layer)),
    }
  }

  /**
   * Stores a configuration whose layers are here already; its digest becomes the image's id. `parent` is the image that it was made
   * from here. Throws `invalid`, `not found` (layer).
   */
  async add(configuration: Uint8Array, parent?: Digest): Promise<Image> {
    const config = parseImageConfig(configuration)
    const id = digestOf(configuration)
    const known = this.index.get(id)
    // What is here is on the disk: a build whose steps are all remembered writes nothing.
    if (known !== undefined && parent === undefined && !this.#leaving.has(id)) return known
    let size = 0
    for (const layer of config.rootfs.diff_ids) {
      if (!(await this.content.layers.has(layer))) throw new GalleyError('not found', `layer ${layer} of image ${id} is not here`)
      size += await this.content.layers.size(layer)
    }
    await this.content.blobs.put(single(configuration), { digest: id, size: configuration.length })
    // Content first, the record that names it last; once for all layers, as the disk takes its time for each.
    await this.content.layers.sync()
    return this.index.add({ id, config, size, parent })
  }

  /** Gives an image another name. Throws `not found`, `invalid`. */
  async tag(source: string, target: ImageReference): Promise<void> {
    if (target.digest !== undefined) throw new GalleyError('invalid', 'refusing to create a tag with a digest reference')
    await this.refer(target, this.resolve(source).id)
  }

  /** Points a name (`:latest` when it has neither tag nor digest) at an image. Throws `not found` for one that was deleted meanwhile. */
  async refer(name: ImageReference, id: Digest): Promise<void> {
    const reference = withDefaultTag(name)
    if (!(await this.index.refer(reference, id, this.clock.now()))) throw noSuchImage(id)
    if (reference.digest === undefined) this.emit('tag', id, { name: familiarReference(reference) })
  }

  /** As `refer`, but a name that the image has already is on the disk, and not written again. */
  async referAgain(name: ImageReference, id: Digest): Promise<void> {
    const reference = withDefaultTag(name)
    if (this.index.find(reference)?.id !== id) return this.refer(name, id)
    this.index.renew(id, this.clock.now())
    if (reference.digest === undefined) this.emit('tag', id, { name: familiarReference(reference) })
  }

  /** Takes a name off its image, and says so. */
  async forget(reference: ImageReference): Promise<Removed> {
    const image = this.index.find(reference)
    await this.index.forget(reference)
    const name = familiarReference(reference)
    if (image !== undefined) this.emit('untag', image.id, { name })
    return { Untagged: name }
  }

  /** `docker rmi`. Throws `not found`, `conflict` (in use). */
  remove(nameOrId: string, options: { readonly force?: boolean } = {}): Promise<readonly Removed[]> {
    return removeImage(this, nameOrId, options.force ?? false)
  }

  /** Keeps an image, which need not be here yet, from being deleted until the result is disposed. */
  hold(id: Digest): Disposable {
    this.#held.set(id, (this.#held.get(id) ?? 0) + 1)
    return {
      [Symbol.dispose]: () => {
        const left = (this.#held.get(id) ?? 1) - 1
        if (left === 0) this.#held.delete(id)
        else this.#held.set(id, left)
      },
    }
  }

  isHeld(id: Digest): boolean {
    return this.#held.has(id)
  }

  /**
   * Deletes an image without names and what only it needs; layers under a container stay until `collect`. One that is held, or was given
   * a name meanwhile, stays.
   */
  async delete(image: Image): Promise<readonly Removed[]> {
    if (this.isHeld(image.id)) return []
    this.#leaving.add(image.id)
    try {
      if (!(await this.index.delete(image.id))) return []
    } finally {
      this.#leaving.delete(image.id)
    }
    this.emit('delete', image.id, { name: image.id })
    await this.content.discard([image.id, ...(this.usedBy(image.id).length > 0 ? [] : image.layers)], (digest) => this.#needs(digest))
    return [{ Deleted: image.id }]
  }

  /** The same, unless a name, a container or somebody who holds it needs it. */
  async deleteUnused(id: Digest): Promise<void> {
    const image = this.index.get(id)
    if (image !== undefined && image.references.length === 0 && this.usedBy(id).length === 0) await this.delete(image)
  }

  /** Deletes those of the layers that nothing needs any more. */
  release(layers: readonly Digest[]): Promise<void> {
    return this.content.discard(layers, (digest) => this.#needs(digest))
  }

  /**
   * Takes a layer out of the store whose files don't give its archive any more, so that whoever makes it again puts it in anew. False when
   * an image has it: its containers use the files as they are.
   */
  async dropDamaged(layer: Digest): Promise<boolean> {
    if (this.index.all().some(({ layers }) => layers.includes(layer))) return false
    await this.content.layers.remove(layer)
    return true
  }

  #needs(digest: Digest): boolean {
    return (
      this.index.get(digest) !== undefined || this.#holdsLayer(digest) || this.index.all().some(({ layers }) => layers.includes(digest))
    )
  }

  #findByPrefix(text: string): Image | undefined {
    const prefix = text.startsWith('sha256:') ? text : `sha256:${text}`
    if (!/^sha256:[a-f0-9]+$/.test(prefix)) return undefined
    const found = this.index.all().filter(({ id }) => id.startsWith(prefix))
    return found.length === 1 ? found[0] : undefined
  }
}

function fullId(text: string): Digest | undefined {
  const id = text.startsWith('sha256:') ? text : `sha256:${text}`
  return isDigest(id) ? id : undefined
}

export function sameRepository(a: ImageReference, b: ImageReference): boolean {
  return canonicalReference({ domain: a.domain, path: a.path }) === canonicalReference({ domain: b.domain, path: b.path })
}

function noSuchImage(text: string): GalleyError {
  const name = fullId(text) === undefined ? familiarReference(withDefaultTag(parseImageReference(text))) : text
  return new GalleyError('not found', `No such image: ${name}`, { code: 'image.not-found', subject: name })
}

function stepsOf({ config }: Image): string[] {
  return (config.history ?? []).map((step) => JSON.stringify(step))
}

function isBeginning(first: readonly string[], all: readonly string[]): boolean {
  return first.length > 0 && first.every((part, index) => part === all[index])
}
