import type { Digest } from '#base/digest.ts'
import { GalleyError } from '#base/error.ts'
import type { HashName } from '#content/blobs/upload-file.ts'

/** A digest by which clients name content: the engine's sha256, or sha512 (OCI image-spec, descriptor.md, Registered Algorithms). */
export type ContentDigest = Digest | `sha512:${string}`

const pattern = /^(?:sha256:[a-f0-9]{64}|sha512:[a-f0-9]{128})$/

export function isContentDigest(text: string): text is ContentDigest {
  return pattern.test(text)
}

/** Throws `invalid` for what is no digest, or one of another algorithm. */
export function parseContentDigest(text: string): ContentDigest {
  if (isContentDigest(text)) return text
  const message = `invalid digest: ${text.slice(0, 150)}`
  throw new GalleyError('invalid', message, {
    code: 'digest.invalid',
    subject: text.slice(0, 150),
    advice: 'sha256 and sha512 are supported',
  })
}

export function algorithmOf(digest: ContentDigest): HashName {
  return digest.startsWith('sha512:') ? 'sha512' : 'sha256'
}

/** What `?digest-algorithm=` may say. Throws `invalid`. */
export function parseAlgorithm(text: string): HashName {
  if (text === 'sha256' || text === 'sha512') return text
  throw new GalleyError('invalid', `unsupported digest algorithm: ${text}`, { code: 'digest.invalid', subject: text })
}
