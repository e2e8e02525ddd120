import { GalleyError, idOf, type ErrorKind } from '#base/error.ts'

/** Why a request got this status. */
export const statusOf = {
  invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  'not found': 404,
  'already exists': 409,
  conflict: 409,
  unchanged: 304,
  expired: 410,
  'too large': 413,
  throttled: 429,
  unavailable: 503,
  timeout: 504,
  'not implemented': 501,
  internal: 500,
} as const satisfies Record<ErrorKind, number>

/** What Galley's own command is told beside Docker's message: what to look the error up by, and the advice by itself, percent-encoded. */
export function ownHeaders(error: unknown): Readonly<Record<string, string>> {
  const advice = error instanceof GalleyError ? error.advice : undefined
  return { 'galley-error': idOf(error), ...(advice !== undefined && { 'galley-advice': encodeURIComponent(advice.toWellFormed()) }) }
}

/** The failure that an answer tells of, as it was thrown before it became one. `text` is its body. */
export function failureOf(status: number, headers: Readonly<Record<string, unknown>>, text: string): GalleyError {
  const [id, encoded] = [headers['galley-error'], headers['galley-advice']]
  const advice = typeof encoded === 'string' ? decodeURIComponent(encoded) : undefined
  const kind = (Object.keys(statusOf) as ErrorKind[]).findLast((one) => statusOf[one] === status) ?? 'internal'
  const message = messageIn(text) ?? (text.trim() || `the daemon answered ${status}`)
  const own = advice !== undefined && message.endsWith(`\n${advice}`) ? message.slice(0, -advice.length - 1) : message
  return new GalleyError(kind, own, { ...(typeof id === 'string' && { code: id }), ...(advice !== undefined && { advice }) })
}

function messageIn(text: string): string | undefined {
  try {
    return (JSON.parse(text) as { readonly message?: string }).message
  } catch {
    return undefined
  }
}
