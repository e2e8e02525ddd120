import type { ErrorKind } from '#base/error.ts'
import { GalleyError, kindOf, messageOf } from '#base/error.ts'

interface Answer {
  readonly status: number
  /** OCI distribution-spec, Error Codes; for failures of the server, which it has none for, Docker's. */
  readonly code: string
}

/** What a failure is called when its code says nothing more precise. */
const byKind = {
  invalid: { status: 400, code: 'UNSUPPORTED' },
  unauthenticated: { status: 401, code: 'UNAUTHORIZED' },
  forbidden: { status: 403, code: 'DENIED' },
  'not found': { status: 404, code: 'NAME_UNKNOWN' },
  'already exists': { status: 409, code: 'DENIED' },
  conflict: { status: 409, code: 'DENIED' },
  unchanged: { status: 304, code: 'UNSUPPORTED' },
  expired: { status: 404, code: 'BLOB_UPLOAD_UNKNOWN' },
  'too large': { status: 413, code: 'SIZE_INVALID' },
  throttled: { status: 429, code: 'TOOMANYREQUESTS' },
  unavailable: { status: 503, code: 'UNAVAILABLE' },
  timeout: { status: 504, code: 'UNAVAILABLE' },
  'not implemented': { status: 405, code: 'UNSUPPORTED' },
  internal: { status: 500, code: 'UNKNOWN' },
} as const satisfies Record<ErrorKind, Answer>

const byCode: Readonly<Record<string, Answer>> = {
  'blob.digest': { status: 400, code: 'DIGEST_INVALID' },
  'blob.size': { status: 400, code: 'SIZE_INVALID' },
  'blob.unknown': { status: 404, code: 'BLOB_UNKNOWN' },
  'blob.range': { status: 416, code: 'UNSUPPORTED' },
  // Clients show no more of a failing server than its status.
  'disk.full': { status: 507, code: 'UNAVAILABLE' },
  'digest.invalid': { status: 400, code: 'DIGEST_INVALID' },
  'manifest.blob-unknown': { status: 400, code: 'MANIFEST_BLOB_UNKNOWN' },
  'manifest.invalid': { status: 400, code: 'MANIFEST_INVALID' },
  'manifest.size': { status: 413, code: 'MANIFEST_INVALID' },
  'manifest.unknown': { status: 404, code: 'MANIFEST_UNKNOWN' },
  'name.invalid': { status: 400, code: 'NAME_INVALID' },
  'name.unknown': { status: 404, code: 'NAME_UNKNOWN' },
  'tag.invalid': { status: 400, code: 'MANIFEST_INVALID' },
  'upload.invalid': { status: 400, code: 'BLOB_UPLOAD_INVALID' },
  'upload.range': { status: 416, code: 'BLOB_UPLOAD_INVALID' },
  'upload.unknown': { status: 404, code: 'BLOB_UPLOAD_UNKNOWN' },
}

/** How a failure is told: why a request got this status, in the specification's form. What is a bug tells nothing of itself. */
export function answerOf(error: unknown): Answer & { readonly body: string } {
  const own = error instanceof GalleyError && error.code !== undefined && Object.hasOwn(byCode, error.code) ? byCode[error.code] : undefined
  const { status, code } = own ?? byKind[kindOf(error)]
  const internal = kindOf(error) === 'internal'
  const subject = error instanceof GalleyError ? error.subject : undefined
  const message = internal ? 'the registry failed; its log says why' : messageOf(error)
  const advice = error instanceof GalleyError && error.advice !== undefined ? `; ${error.advice}` : ''
  return { status, code, body: `${JSON.stringify({ errors: [{ code, message: message + advice, detail: subject ?? null }] })}\n` }
}
