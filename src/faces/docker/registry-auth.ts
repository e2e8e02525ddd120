import { GalleyError } from '#base/error.ts'
import type { Credentials } from '#content/remote/credentials.ts'
import type { Call } from './route.ts'

/** An `AuthConfig` of the Engine API. */
interface AuthConfig {
  readonly username?: unknown
  readonly password?: unknown
  readonly auth?: unknown
  readonly identitytoken?: unknown
  readonly registrytoken?: unknown
}

/** The credentials in `X-Registry-Auth`; undefined for nobody. Throws `invalid`, and never says what was in it. */
export function registryAuth(call: Call): Credentials | undefined {
  const header = call.request.headers['x-registry-auth']
  return typeof header === 'string' && header !== '' ? credentialsOf(decoded(header, 'X-Registry-Auth') as AuthConfig) : undefined
}

/** The credentials of several registries in `X-Registry-Config`, by their address as `docker login` keeps it. Throws `invalid`. */
export function registryConfig(call: Call): ReadonlyMap<string, Credentials> {
  const header = call.request.headers['x-registry-config']
  if (typeof header !== 'string' || header === '') return new Map()
  const all = Object.entries(decoded(header, 'X-Registry-Config')).map(
    ([address, config]) => [domainOf(address), credentialsOf((config ?? {}) as AuthConfig)] as const,
  )
  return new Map(all.filter((entry): entry is readonly [string, Credentials] => entry[1] !== undefined))
}

/** The domain that an address of `docker login` stands for: `https://index.docker.io/v1/` is Docker Hub. */
export function domainOf(address: string): string {
  const host = address.replace(/^https?:\/\//, '').replace(/\/.*$/, '')
  return ['index.docker.io', 'registry-1.docker.io', 'docker.io', ''].includes(host) ? 'docker.io' : host
}

/** Reads an `AuthConfig`, in which clients leave out what they don't have or send it empty. */
export function credentialsOf({ username, password, auth, identitytoken, registrytoken }: AuthConfig): Credentials | undefined {
  if (isText(registrytoken)) return { type: 'registry', token: registrytoken }
  if (isText(identitytoken)) return { type: 'identity', token: identitytoken }
  if (isText(username) && isText(password)) return { type: 'password', username, password }
  const [, name, secret] = isText(auth) ? (/^([^:]+):(.*)$/s.exec(Buffer.from(auth, 'base64').toString('utf8')) ?? []) : []
  return name === undefined || secret === undefined ? undefined : { type: 'password', username: name, password: secret.replace(/\0+$/, '') }
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

/** base64url or base64, with padding or without. */
function decoded(header: string, name: string): object {
  try {
    const value: unknown = JSON.parse(Buffer.from(header, 'base64').toString('utf8'))
    // Docker 20.10 has `null` where it knows no registry.
    if (typeof value === 'object') return value ?? {}
  } catch {
    // Said below; the cause would quote the header.
  }
  throw new GalleyError('invalid', `invalid ${name} header`, { code: 'credentials.invalid' })
}
