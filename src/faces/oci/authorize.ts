import type { IncomingMessage } from 'node:http'
import { GalleyError } from '#base/error.ts'
import type { User } from '#registry/access/htpasswd.ts'
import { actionsOf, mayList } from '#registry/access/rights.ts'
import { readToken, type Access } from '#registry/access/tokens.ts'
import type { Face } from './face.ts'

/** Who asks. `access`: what a token is limited to; undefined for a password, or nobody. */
export interface Asker {
  readonly user: User | undefined
  readonly access: readonly Access[] | undefined
}

/** Reads the credentials of a request. Throws `unauthenticated` for wrong ones. */
export async function askerOf(face: Face, request: IncomingMessage): Promise<Asker> {
  const [, scheme = '', value = ''] = /^(\S+)\s+(\S+)\s*$/.exec(request.headers.authorization ?? '') ?? []
  if (scheme.toLowerCase() === 'bearer') {
    const token = readToken(face.key, value, { now: face.registry.clock.now(), find: (name) => face.users.get(name) })
    if (token !== undefined) return token
    throw refused('authentication required: the token is not valid, or no longer')
  }
  if (scheme.toLowerCase() !== 'basic') return { user: undefined, access: undefined }
  return { user: await verified(face, value), access: undefined }
}

/** The user of `Basic` credentials. Throws `unauthenticated`. */
async function verified({ users }: Face, encoded: string): Promise<User> {
  const [, name = '', password = ''] = /^([^:]*):(.*)$/s.exec(Buffer.from(encoded, 'base64').toString('utf8')) ?? []
  const user = await users.verify(name, password)
  if (user === undefined) throw refused('unauthorized: incorrect username or password')
  return user
}

/** What a request wants to do. */
export interface Wish {
  readonly name: string
  readonly action: string
  /** The repository that the name stands for, where that has another one. */
  readonly meant?: string
}

/** Checks that a request may do something in a repository; an empty name stands for the catalogue. Throws `unauthenticated`, `forbidden`. */
export async function authorize(face: Face, request: IncomingMessage, { name, action, meant = name }: Wish): Promise<void> {
  const { user, access } = await askerOf(face, request)
  const isAllowed = name === '' ? mayList(user, face.anonymous) : actionsOf(user, face.anonymous, meant).includes(action)
  if (!isAllowed) {
    if (user === undefined) throw refused('authentication required')
    throw new GalleyError('forbidden', `requested access to the resource is denied: ${user.name} may not ${action}`, { subject: name })
  }
  if (access !== undefined && !covers(access, { name, action })) throw refused('authentication required: the token is for something else')
}

/** Which repositories the client of a request may read. Throws as `askerOf` does. */
export async function readable(face: Face, request: IncomingMessage): Promise<(name: string) => boolean> {
  const { user, access } = await askerOf(face, request)
  const mayPull = (name: string): boolean => actionsOf(user, face.anonymous, name).includes('pull')
  return (name) => mayPull(name) && (access === undefined || covers(access, { name, action: 'pull' }))
}

/** Which repositories the client of a request may know of: a token for the catalogue names none. */
export async function listable(face: Face, request: IncomingMessage): Promise<(name: string) => boolean> {
  const { user } = await askerOf(face, request)
  return (name) => actionsOf(user, face.anonymous, name).includes('pull')
}

function covers(access: readonly Access[], { name, action }: Wish): boolean {
  return access.some((one) =>
    name === ''
      ? one.type === 'registry' && one.name === 'catalog'
      : one.type === 'repository' && one.name === name && one.actions.includes(action),
  )
}

function refused(message: string): GalleyError {
  return new GalleyError('unauthenticated', message)
}

/** The `WWW-Authenticate` headers of an answer of 401: tokens first, and passwords for clients that know only them. */
export function challenges({ secure }: Face, request: IncomingMessage, { name, action }: Wish): readonly string[] {
  const host = hostOf(request)
  const scope = name === '' ? (action === '' ? '' : ',scope="registry:catalog:*"') : `,scope="repository:${name}:${scopeOf(action)}"`
  const realm = `${secure ? 'https' : 'http'}://${host}/token`
  return [`Bearer realm="${realm}",service="${host}"${scope}`, `Basic realm="${host}"`]
}

/** Whoever pushes reads, too. */
function scopeOf(action: string): string {
  return action === 'push' ? 'pull,push' : action
}

/** As far as it can stand in a header of ours. */
function hostOf({ headers }: IncomingMessage): string {
  return /^[A-Za-z0-9.:[\]-]+$/.exec(headers.host ?? '')?.[0] ?? 'localhost'
}
