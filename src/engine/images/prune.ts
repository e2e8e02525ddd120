import { parseImageReference } from '#base/image-reference.ts'
import type { Images } from './images.ts'
import type { Removed } from './model.ts'
import { selectUnused } from './select.ts'
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
  for (const image of selectUnused(images, filters)) {
    for (const text of image.references) removed.push(await images.forget(parseImageReference(text)))
    removed.push(await images.delete(image))
  }
  return { removed, reclaimed: before - (await imageUsage(images)).total }
}
