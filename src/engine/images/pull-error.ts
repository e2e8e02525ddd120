import { GalleyError, messageOf } from '#base/error.ts'
import { familiarName, familiarReference, type ImageReference } from '#base/image-reference.ts'
import { RegistryError } from '#content/remote/error.ts'
import { hostOf } from '#content/remote/settings.ts'

/** What a registry's refusal means for a pull, in Docker's words, which clients match on. A refusal is `not found` there too. */
export function pullError(reference: ImageReference, error: unknown): unknown {
  if (!(error instanceof RegistryError)) return error
  const name = familiarName(reference)
  if (error.kind === 'unauthenticated' || error.kind === 'forbidden') {
    return new GalleyError(
      'not found',
      `pull access denied for ${name}, repository does not exist or may require 'docker login': ${error.answer}`,
      { code: 'image.denied', subject: name, cause: error },
    )
  }
  if (error.kind === 'not found' && error.answer.startsWith('name unknown'))
    return new GalleyError('not found', `repository ${name} not found: ${error.answer}`, {
      code: 'image.not-found',
      subject: name,
      cause: error,
    })
  if (error.kind === 'not found') {
    const whole = familiarReference(reference)
    return new GalleyError('not found', `manifest for ${whole} not found: ${error.answer}`, {
      code: 'image.not-found',
      subject: whole,
      cause: error,
    })
  }
  return error
}

/** Says which host could not be reached and what to do about it. */
export function unreachableError({ domain }: ImageReference, error: unknown): GalleyError {
  const host = hostOf(domain)
  return new GalleyError('unavailable', messageOf(error), {
    code: 'registry.unreachable',
    subject: host,
    advice: `${host} cannot be reached from this machine: check its DNS and proxy settings, or name a mirror in registries.json ({"mirrors": {"${domain}": ["https://…"]}}). An image from another machine needs no registry: docker save there, docker load here.`,
    cause: error,
  })
}
