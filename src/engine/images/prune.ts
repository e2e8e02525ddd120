import type { Digest } from '#base/digest.ts'
import { parseImageReference } from '#base/image-reference.ts'
import type { Images } from './images.ts'
import type { Removed } from './model.ts'
import { pruneTests, spareNames } from './select.ts'

export interface Pruned {
  readonly removed: readonly Removed[]
  /** Bytes, unpacked, that no image needs any more. */
  readonly reclaimed: number
}

/** `docker image prune`. Throws `invalid` for an unknown filter. */
export async function pruneImages(images: Images, filters: ReadonlyMap<string, readonly string[]>): Promise<Pruned> {
  const sizes = new Map<Digest, number>()
  const removed: Removed[] = []
  const { isUnused, hasSpareNames } = pruneTests(images, filters)
  for (const { id, layers } of images.list().filter(isUnused)) {
    const own = images.index.get(id) === undefined ? [] : await sizesOf(images, layers)
    // Somebody may have given it a name, or run it, while the others went.
    const image = images.index.get(id)
    if (image === undefined || !isUnused(image)) continue
    for (const [layer, size] of own) sizes.set(layer, size)
    for (const text of image.references) removed.push(await images.forget(parseImageReference(text)))
    removed.push(...(await images.delete(image)))
  }
  for (const image of images.list().filter(hasSpareNames))
    for (const name of spareNames(images, image)) removed.push(...(await images.remove(name)))
  // Of what went alone: builds and pulls may have brought other images meanwhile.
  for (const { layers } of images.list()) for (const layer of layers) sizes.delete(layer)
  return { removed, reclaimed: [...sizes.values()].reduce((sum, size) => sum + size, 0) }
}

function sizesOf({ content }: Images, layers: readonly Digest[]): Promise<readonly (readonly [Digest, number])[]> {
  return Promise.all(layers.map(async (layer) => [layer, await content.layers.size(layer)] as const))
}
