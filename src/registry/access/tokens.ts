import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { User } from './htpasswd.ts'

/** What a token allows in one repository, or of the registry as a whole (`type: 'registry', name: 'catalog'`). */
export interface Access {
  readonly type: string
  readonly name: string
  readonly actions: readonly string[]
}

/** Seconds that a token lasts. */
export const tokenLifetime = 300

interface Claims {
  readonly sub: string
  /** Of the user's password: a token ends with it. */
  readonly pwd: string
  readonly exp: number
  readonly access: readonly Access[]
}

/** Reads `repository:name:pull,push`, as clients ask for it; undefined for what is no scope. */
export function parseScope(text: string): Access | undefined {
  const [, type, name, actions] = /^([a-z]+)(?:\([a-z]+\))?:(.+):([a-z*,]*)$/.exec(text) ?? []
  if (type === undefined || name === undefined || actions === undefined) return undefined
  return { type, name, actions: actions.split(',').filter((action) => action !== '') }
}

/** A signed token (JWT, HS256). `user` is undefined for anybody. `now`: milliseconds since the epoch. */
export function signToken(key: Uint8Array, user: User | undefined, access: readonly Access[], now: number): string {
  const claims: Claims = { sub: user?.name ?? '', pwd: fingerprint(user), exp: Math.floor(now / 1000) + tokenLifetime, access }
  const text = [{ typ: 'JWT', alg: 'HS256' }, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')
  return `${text}.${signature(key, text)}`
}

/** What a token of ours allows, and whose it is; undefined for any other, an old one, or one whose user has another password by now. */
export function readToken(
  key: Uint8Array,
  token: string,
  { now, find }: { readonly now: number; readonly find: (name: string) => User | undefined },
): { readonly user: User | undefined; readonly access: readonly Access[] } | undefined {
  const [head = '', body = '', signed = ''] = token.split('.')
  const [given, own] = [Buffer.from(signed), Buffer.from(signature(key, `${head}.${body}`))]
  if (given.length !== own.length || !timingSafeEqual(given, own)) return undefined
  const { sub, pwd, exp, access } = JSON.parse(Buffer.from(body, 'base64url').toString()) as Claims
  const user = sub === '' ? undefined : find(sub)
  if (exp * 1000 < now || pwd !== fingerprint(user)) return undefined
  return { user, access }
}

function signature(key: Uint8Array, text: string): string {
  return createHmac('sha256', key).update(text).digest('base64url')
}

function fingerprint(user: User | undefined): string {
  return user === undefined
    ? ''
    : createHash('sha256')
        .update(`${user.hash}:${JSON.stringify(user.rights)}`)
        .digest('base64url')
        .slice(0, 16)
}
