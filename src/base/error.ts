/**
 * The closed list of ways in which something can fail. Rooms throw kinds; only faces know status codes,
 * each through one total table (`satisfies Record<ErrorKind, …>`).
 */
export type ErrorKind =
  | 'invalid'
  | 'unauthenticated'
  | 'forbidden'
  | 'not found'
  | 'already exists'
  | 'conflict'
  | 'unchanged'
  | 'expired'
  | 'too large'
  | 'throttled'
  | 'unavailable'
  | 'timeout'
  | 'not implemented'
  | 'internal'

export interface ErrorDetail {
  /** Stable word for programs, such as `image.not-found`. */
  readonly code?: string
  /** What it is about: a name, path or address as the user knows it. */
  readonly subject?: string
  /** What the person can do about it, one sentence. */
  readonly advice?: string
  readonly cause?: unknown
}

const retryable: ReadonlySet<ErrorKind> = new Set(['throttled', 'unavailable', 'timeout'])

/** Every failure that a caller is meant to understand. Anything else that is thrown is a bug and counts as `internal`. */
export class GalleyError extends Error {
  readonly kind: ErrorKind
  readonly code: string | undefined
  readonly subject: string | undefined
  readonly advice: string | undefined

  constructor(kind: ErrorKind, message: string, detail: ErrorDetail = {}) {
    super(message, detail.cause === undefined ? undefined : { cause: detail.cause })
    this.name = 'GalleyError'
    this.kind = kind
    this.code = detail.code
    this.subject = detail.subject
    this.advice = detail.advice
  }

  /** Whether the same call can succeed later without being changed. */
  get retryable(): boolean {
    return retryable.has(this.kind)
  }
}

/** The same failure, with other advice. */
export function withAdvice(error: GalleyError, advice: string): GalleyError {
  const { kind, message, code, subject } = error
  return new GalleyError(kind, message, {
    ...(code !== undefined && { code }),
    ...(subject !== undefined && { subject }),
    advice,
    cause: error,
  })
}

/** The kind of anything thrown; what is not a `GalleyError` is `internal`. */
export function kindOf(error: unknown): ErrorKind {
  return error instanceof GalleyError ? error.kind : 'internal'
}

/**
 * The stable word by which an error is looked up, such as `port.taken`: its code, or its kind where it has none (`not-found`). What it
 * means is in `words/errors.json`.
 */
export function idOf(error: unknown): string {
  const code = error instanceof GalleyError ? error.code : undefined
  return code ?? kindOf(error).replaceAll(' ', '-')
}

/** What the system says no with, as its own manual pages word it. */
const refusals: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EADDRINUSE: 'address already in use',
  EADDRNOTAVAIL: 'address not available',
  EEXIST: 'file exists',
  EBUSY: 'device or resource busy',
  EINVAL: 'invalid argument',
  EISDIR: 'is a directory',
  ENAMETOOLONG: 'file name too long',
  ELOOP: 'too many levels of symbolic links',
  ENOENT: 'no such file or directory',
  ENOSPC: 'no space left on device',
  ENOTDIR: 'not a directory',
  EPERM: 'operation not permitted',
  EROFS: 'read-only file system',
}

/** Why the system refused, in words, for a text that names the file itself; of other errors their message. */
export function reasonOf(error: unknown): string {
  const { code } = error as { readonly code?: unknown }
  return (typeof code === 'string' ? refusals[code] : undefined) ?? messageOf(error)
}

/** The text a person should see for anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** A failure's message, and below it what the person can do. */
export function adviceWith(error: unknown): string {
  const advice = error instanceof GalleyError ? error.advice : undefined
  return advice === undefined ? messageOf(error) : `${messageOf(error)}\n${advice}`
}

const full: ReadonlySet<unknown> = new Set(['ENOSPC', 'EDQUOT', 'disk.full'])

/** Whether a write failed for want of room, as the system or as we put it. */
export function isDiskFull(error: unknown): boolean {
  return full.has((error as { readonly code?: unknown } | undefined)?.code)
}

/** What helps when a disk is full. What clears works all the same. */
export const makeRoom = 'Make room: docker system prune, or delete other files on that disk.'
