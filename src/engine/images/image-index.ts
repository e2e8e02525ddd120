import type { Digest } from '#base/digest.ts'
import { hexOf, parseDigest } from '#base/digest.ts'
import { canonicalReference, familiarReference, parseImageReference, type ImageReference } from '#base/image-reference.ts'
import { Turns } from '#base/turns.ts'
import type { Store, Write } from '#store/store.ts'
import type { Image, ImageConfig } from './model.ts'

const imagePrefix = '/images/id/'
const referencePrefix = '/images/reference/'

/** What the store keeps of an image; its configuration is a blob. */
interface Kept {
  readonly size: number
  readonly tagged: number
  readonly parent?: Digest | undefined
}

export interface NewImage {
  readonly id: Digest
  readonly config: ImageConfig
  readonly size: number
  readonly parent?: Digest | undefined
}

/** All images and references of this machine, in memory; each change is in the store before it shows here. */
export class ImageIndex {
  readonly #store: Store
  readonly #images = new Map<Digest, Image>()
  readonly #references = new Map<string, Digest>()
  /** Images of which the store has an older moment of naming. */
  readonly #unwritten = new Set<Digest>()
  readonly #turns = new Turns()

  constructor(store: Store) {
    this.#store = store
  }

  /** Reads everything; an image whose configuration is gone is left out. */
  async load(readConfig: (id: Digest) => Promise<ImageConfig | undefined>): Promise<void> {
    const references = await this.#store.list(referencePrefix)
    for (const { key, value } of references.entries)
      this.#references.set(key.slice(referencePrefix.length), parseDigest(JSON.parse(value) as string))
    const images = await this.#store.list(imagePrefix)
    for (const { key, value } of images.entries) {
      const id = parseDigest(`sha256:${key.slice(imagePrefix.length)}`)
      const config = await readConfig(id)
      if (config !== undefined) this.#show({ id, config, ...(JSON.parse(value) as Kept) })
    }
  }

  get(id: Digest): Image | undefined {
    return this.#images.get(id)
  }

  find(reference: ImageReference): Image | undefined {
    const id = this.#references.get(canonicalReference(reference))
    return id === undefined ? undefined : this.#images.get(id)
  }

  all(): readonly Image[] {
    return [...this.#images.values()]
  }

  /** Adds an image, or renews what is known of it. */
  add(image: NewImage): Promise<Image> {
    return this.#turns.run(async () => {
      const known = this.#images.get(image.id)
      const [tagged, parent] = [known?.tagged ?? 0, image.parent ?? known?.parent]
      await this.#write([recordOf(image.id, { size: image.size, tagged, parent })])
      return this.#show({ ...image, tagged, parent })
    })
  }

  /** Points a reference at an image, away from any other; false when that was deleted meanwhile. */
  refer(reference: ImageReference, id: Digest, now: number): Promise<boolean> {
    return this.#turns.run(async () => {
      const image = this.#images.get(id)
      if (image === undefined) return false
      const name = canonicalReference(reference)
      const before = this.#references.get(name)
      await this.#write([
        recordOf(id, { size: image.size, tagged: now, parent: image.parent }),
        { put: referencePrefix + name, value: JSON.stringify(id) },
      ])
      this.#references.set(name, id)
      this.#show({ ...image, tagged: now })
      if (before !== undefined && before !== id) this.#refresh(before)
      return true
    })
  }

  /** The name was given once more to the image that has it: that is worth no wait for the disk, and is written with the next change. */
  renew(id: Digest, now: number): void {
    const image = this.#images.get(id)
    if (image === undefined) return
    this.#show({ ...image, tagged: now })
    this.#unwritten.add(id)
  }

  forget(reference: ImageReference): Promise<void> {
    return this.#turns.run(async () => {
      const name = canonicalReference(reference)
      const id = this.#references.get(name)
      if (id === undefined) return
      await this.#write([{ delete: referencePrefix + name }])
      this.#references.delete(name)
      this.#refresh(id)
    })
  }

  /** Deletes an image that has no reference; false when it was given one meanwhile. */
  delete(id: Digest): Promise<boolean> {
    return this.#turns.run(async () => {
      if ((this.#images.get(id)?.references.length ?? 0) > 0) return false
      await this.#write([{ delete: imagePrefix + hexOf(id) }])
      this.#images.delete(id)
      return true
    })
  }

  #refresh(id: Digest): void {
    const image = this.#images.get(id)
    if (image !== undefined) this.#show(image)
  }

  #show({ id, config, size, tagged, parent }: NewImage & Kept): Image {
    const created = Date.parse(config.created ?? '')
    const image: Image = {
      id,
      config,
      size,
      tagged,
      parent,
      layers: config.rootfs.diff_ids,
      references: this.#referencesOf(id),
      created: Number.isNaN(created) ? 0 : created,
    }
    this.#images.set(id, image)
    return image
  }

  #referencesOf(id: Digest): string[] {
    const parsed = [...this.#references].filter(([, target]) => target === id).map(([name]) => parseImageReference(name))
    const texts = (kept: (reference: ImageReference) => boolean): string[] => parsed.filter(kept).map(familiarReference).sort()
    return [...texts(({ digest }) => digest === undefined), ...texts(({ digest }) => digest !== undefined)]
  }

  async #write(writes: readonly Write[]): Promise<void> {
    const keys = new Set(writes.map((write) => ('put' in write ? write.put : write.delete)))
    const unwritten = [...this.#unwritten]
    const renewed = unwritten
      .flatMap((id) => this.#images.get(id) ?? [])
      .map(({ id, size, tagged, parent }) => recordOf(id, { size, tagged, parent }))
    // Before the wait, in which others may be renewed.
    this.#unwritten.clear()
    try {
      await this.#store.txn({ then: [...writes, ...renewed.filter(({ put }) => !keys.has(put))] })
    } catch (error) {
      for (const id of unwritten) this.#unwritten.add(id)
      throw error
    }
  }
}

function recordOf(id: Digest, record: Kept): { readonly put: string; readonly value: string } {
  return { put: imagePrefix + hexOf(id), value: JSON.stringify(record) }
}
