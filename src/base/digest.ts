import { createHash } from 'node:crypto'
import { GalleyError } from './error.ts'

/** A content address, `sha256:` and 64 lower-case hexadecimal digits (OCI image-spec, descriptor.md, Digests). */
export type Digest = `sha256:${string}`

const pattern = /^sha256:[a-f0-9]{64}$/

export function isDigest(text: string): text is Digest {
  return pattern.test(text)
}

/** Parses a digest. Throws `invalid` for anything but sha256. */
export function parseDigest(text: string): Digest {
  if (!isDigest(text)) throw new GalleyError('invalid', `invalid digest: ${text}`, { code: 'digest.invalid', subject: text })
  return text
}

export function digestOf(bytes: Uint8Array | string): Digest {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}

/** The hexadecimal part alone. */
export function hexOf(digest: Digest): string {
  return digest.slice('sha256:'.length)
}
