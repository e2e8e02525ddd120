import { parseImageReference } from '#base/image-reference.ts'
import type { Images } from './images.ts'
import type { Removed } from './model.ts'
import { unusedTest } from './select.ts'
import { imageUsage } from './usage.ts'

export interface Pruned {
  readonly removed: readonly Removed[]
  /** Bytes, unpacked, that no image needs any more. */
  readonly reclaimed: number
}

/** `docker image prune`. Throws `invalid` for an unknown filter. */
export async function pruneImages(images: Images, filters: ReadonlyMap<string, readonly string[]>): Promise<Pruned> {
  const before = (await imageUsage(images)).total
  const removed: Removed[] = []
  const isUnused = unusedTest(images, filters)
  for (const { id } of images.list().filter(isUnused)) {
    // Somebody may have given it a name, or run it, while the others went.
    const image = images.index.get(id)
    if (image === undefined || !isUnused(image)) continue
    for (const text of image.references) removed.push(await images.forget(parseImageReference(text)))
    removed.push(await images.delete(image))
  }
  return { removed, reclaimed: before - (await imageUsage(images)).total }
}
