import type { Images } from '#engine/images/images.ts'

/** Marks images that are there while a part is being made, so that what a crash left is known for what it is. */
export const partLabel = 'dev.galley.stand-in.part'

/** Removes what a crash left of parts that were being made. Call once, before the first. */
export async function clearUpParts(images: Images): Promise<void> {
  for (const image of images.list())
    if (image.references.length === 0 && image.config.config?.Labels?.[partLabel] !== undefined) await images.delete(image)
}
