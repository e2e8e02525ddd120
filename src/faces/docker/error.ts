import type { ErrorKind } from '#base/error.ts'

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
