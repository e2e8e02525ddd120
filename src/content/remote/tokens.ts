import type { Clock } from '#base/clock.ts'
import { GalleyError } from '#base/error.ts'
import type { Challenge } from './challenge.ts'
import { basicAuthorization, type Credentials } from './credentials.ts'
import { answerError, failedRequest, RegistryError } from './error.ts'
import { readText } from './read-body.ts'
import type { Incoming, Outgoing } from './transport.ts'

const clientId = 'galley'
/** Lifetime of a token that names none, and what is taken off for clocks that differ (milliseconds). */
const defaultLifetime = 60_000
const margin = 10_000
const largestAnswer = 1 << 20

/** What a token server is asked, beside the challenge. */
export interface TokenRequest {
  readonly scopes: readonly string[]
  readonly signal: AbortSignal
  readonly patience: number
  /** Ask for a refresh token too, as a login does. */
  readonly offline?: boolean
}

export interface Token {
  readonly token: string
  /** Milliseconds since the epoch. */
  readonly until: number
  readonly refreshToken: string | undefined
}

type Send = (outgoing: Outgoing, insecure: boolean) => Promise<Incoming>

/**
 * Asks the token server that a Bearer challenge names (Docker's token and OAuth2 protocols). Credentials go there only over TLS, unless
 * the registry itself is `insecure`. Throws `unauthenticated`, `forbidden`, `unavailable`.
 */
export async function fetchToken(
  { send, clock, insecure }: { readonly send: Send; readonly clock: Clock; readonly insecure: boolean },
  challenge: Challenge,
  credentials: Credentials | undefined,
  request: TokenRequest,
): Promise<Token> {
  const realm = realmOf(challenge, insecure)
  const fields = new URLSearchParams()
  const service = challenge.parameters.get('service')
  if (service !== undefined) fields.set('service', service)
  const outgoing =
    credentials?.type === 'identity' ? oauth(realm, fields, credentials.token, request) : plain(realm, fields, credentials, request)
  const answer = await send(outgoing, insecure)
  const text = await readText(answer.body, largestAnswer)
  if (answer.status === 401 && credentials !== undefined) throw wrongCredentials(realm)
  if (answer.status !== 200) throw answerError(outgoing, { ...answer, body: text })
  return tokenOf(text, realm, clock.now())
}

function realmOf(challenge: Challenge, insecure: boolean): URL {
  const realm = challenge.parameters.get('realm') ?? ''
  if (!URL.canParse(realm)) throw new RegistryError('unavailable', `the registry names no usable token server: ${realm}`)
  const url = new URL(realm)
  if (url.protocol === 'https:' || (url.protocol === 'http:' && insecure)) return url
  throw new GalleyError('forbidden', `token server ${realm} of a registry reached over TLS does not use TLS itself`, {
    code: 'registry.downgrade',
    subject: realm,
  })
}

function wrongCredentials(realm: URL): RegistryError {
  const answer = 'unauthorized: incorrect username or password'
  return new RegistryError('unauthenticated', failedRequest('GET', realm, answer), {
    status: 401,
    subject: realm.host,
    answer,
  })
}

function plain(realm: URL, fields: URLSearchParams, credentials: Credentials | undefined, request: TokenRequest): Outgoing {
  const url = new URL(realm)
  for (const [name, value] of fields) url.searchParams.set(name, value)
  for (const scope of request.scopes) url.searchParams.append('scope', scope)
  if (request.offline === true) url.searchParams.set('offline_token', 'true')
  if (request.offline === true) url.searchParams.set('client_id', clientId)
  const known = credentials?.type === 'password'
  if (known) url.searchParams.set('account', credentials.username)
  const headers: Record<string, string> = known ? { authorization: basicAuthorization(credentials) } : {}
  return { method: 'GET', url, headers, signal: request.signal, patience: request.patience }
}

function oauth(realm: URL, fields: URLSearchParams, refreshToken: string, request: TokenRequest): Outgoing {
  const form = new URLSearchParams(fields)
  form.set('grant_type', 'refresh_token')
  form.set('client_id', clientId)
  form.set('refresh_token', refreshToken)
  if (request.scopes.length > 0) form.set('scope', request.scopes.join(' '))
  const bytes = Buffer.from(form.toString())
  return {
    method: 'POST',
    url: realm,
    headers: { 'content-type': 'application/x-www-form-urlencoded', 'content-length': String(bytes.length) },
    body: async function* () {
      yield bytes
    },
    signal: request.signal,
    patience: request.patience,
  }
}

function tokenOf(text: string, realm: URL, now: number): Token {
  const json = parse(text, realm)
  const token = json['token'] ?? json['access_token']
  if (typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token))
    throw new RegistryError('unavailable', `token server ${realm.host} gave no token`)
  const seconds = json['expires_in']
  const lifetime = typeof seconds === 'number' && seconds > 0 ? seconds * 1000 : defaultLifetime
  const refresh = json['refresh_token']
  return {
    token,
    until: now + Math.max(lifetime - margin, margin),
    refreshToken: typeof refresh === 'string' && refresh !== '' ? refresh : undefined,
  }
}

function parse(text: string, realm: URL): Readonly<Record<string, unknown>> {
  try {
    const json: unknown = JSON.parse(text)
    if (json !== null && typeof json === 'object') return json as Readonly<Record<string, unknown>>
  } catch {
    // Said below: nothing of the text, which may hold a token.
  }
  throw new RegistryError('unavailable', `token server ${realm.host} did not answer in JSON`)
}
