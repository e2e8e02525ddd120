import { GalleyError } from '#base/error.ts'
import { familiarReference, type ImageReference } from '#base/image-reference.ts'
import type { Platform } from '#content/manifests/manifest.ts'
import { architectureOf, fitsPlatform, formatPlatform } from '#content/manifests/platform.ts'
import type { ImageConfig } from './model.ts'

/** What an image is for. */
export function platformOf({ os, architecture, variant }: ImageConfig): Platform {
  return { os, architecture: architectureOf(architecture), ...(variant !== undefined && variant !== '' && { variant }) }
}

/** Throws `not found` when an image that is here is for another platform than was asked for: clients then pull the one that is. */
export function checkChosen(name: string, own: Platform, wanted: Platform): void {
  if (fitsPlatform(own, wanted)) return
  throw new GalleyError(
    'not found',
    `image with reference ${name} was found but its platform (${formatPlatform(own)}) does not match the specified platform (${formatPlatform(wanted)})`,
    {
      code: 'image.not-found',
      subject: name,
      advice: `Leave the platform out, or get the image for it: docker pull --platform ${formatPlatform(wanted)} ${name}`,
    },
  )
}

/** Throws `not found` when an image that comes for one platform only is for another than was asked for. */
export function checkPlatform(reference: ImageReference, config: ImageConfig, wanted: Platform): void {
  const own = platformOf(config)
  if (fitsPlatform(own, wanted)) return
  const message = `image with reference ${familiarReference(reference)} was found but does not provide the specified platform (${formatPlatform(wanted)}); it is for ${formatPlatform(own)}`
  throw new GalleyError('not found', message, { code: 'image.no-platform', subject: familiarReference(reference) })
}
