import { shortId } from '#base/id.ts'
import { hexOf } from '#base/digest.ts'
import { GalleyError } from '#base/error.ts'
import { parseImageReference, withDefaultTag } from '#base/image-reference.ts'
import { sameRepository, type Images } from './images.ts'
import type { Image, Removed } from './model.ts'

/**
 * `docker rmi`: by name takes the name off and deletes the image with its last one; by id deletes it when it has one
 * repository, or with `force`. A container always keeps its image. Throws `not found`, `conflict`.
 */
export async function removeImage(images: Images, nameOrId: string, force: boolean): Promise<readonly Removed[]> {
  const image = images.resolve(nameOrId)
  const removed: Removed[] = []
  if (isIdOf(image, nameOrId)) {
    if (repositories(image) > 1 && !force) throw cannotDelete(image, false, 'image is referenced in multiple repositories')
    checkUnused(images, image, force)
  } else {
    removed.push(...(await untag(images, image, nameOrId, force)))
    const left = images.index.get(image.id)
    if (left === undefined || left.references.length > 0) return removed
  }
  for (const text of images.index.get(image.id)?.references ?? []) removed.push(await images.forget(parseImageReference(text)))
  // With force, the names come off an image in use; it stays without one, as its containers could never start again.
  if (images.usedBy(image.id).length === 0) removed.push(...(await images.delete(image)))
  return removed
}

/** Takes off the name; digests of the same repository go with its last tag. */
async function untag(images: Images, image: Image, name: string, force: boolean): Promise<Removed[]> {
  const reference = withDefaultTag(parseImageReference(name))
  const user = images.usedBy(image.id)[0]
  if (!force && repositories(image) <= 1 && tagsOf(image) <= 1 && user !== undefined) {
    const message = `conflict: unable to remove repository reference "${name}" (must force) - container ${shortId(user.id)} is using its referenced image ${shortId(hexOf(image.id))}`
    throw new GalleyError('conflict', message, {
      code: 'image.in-use',
      subject: name,
      advice: `Remove container ${shortId(user.id)} first.`,
    })
  }
  const removed = [await images.forget(reference)]
  const left = (images.index.get(image.id)?.references ?? []).map(parseImageReference).filter((other) => sameRepository(other, reference))
  if (left.every(({ digest }) => digest !== undefined)) for (const other of left) removed.push(await images.forget(other))
  return removed
}

function checkUnused(images: Images, image: Image, force: boolean): void {
  const uses = images.usedBy(image.id)
  const running = uses.find((use) => use.running)
  if (running !== undefined) throw cannotDelete(image, true, `image is being used by running container ${shortId(running.id)}`)
  if (images.isHeld(image.id)) throw cannotDelete(image, true, 'image is being built, pulled or pushed')
  const stopped = uses[0]
  if (stopped !== undefined && !force) throw cannotDelete(image, false, `image is being used by stopped container ${shortId(stopped.id)}`)
}

function isIdOf(image: Image, text: string): boolean {
  const id = text.startsWith('sha256:') ? text : `sha256:${text}`
  if (!image.id.startsWith(id)) return false
  // A name that happens to look like the image's id is a name.
  return image.id === id || !image.references.includes(`${text}:latest`)
}

function repositories(image: Image): number {
  return new Set(image.references.map((text) => text.replace(/@.*$/, '').replace(/:[^:/]*$/, ''))).size
}

function tagsOf(image: Image): number {
  return image.references.filter((text) => !text.includes('@')).length
}

function cannotDelete(image: Image, hard: boolean, why: string): GalleyError {
  const message = `conflict: unable to delete ${shortId(hexOf(image.id))} (${hard ? 'cannot be forced' : 'must be forced'}) - ${why}`
  return new GalleyError('conflict', message, { code: 'image.in-use', subject: image.id })
}
