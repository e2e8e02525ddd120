import type { Clock } from '#base/clock.ts'
import { GalleyError } from '#base/error.ts'
import { parseChallenges, type Challenge } from './challenge.ts'
import { basicAuthorization, type Credentials } from './credentials.ts'
import { answerError, codeOf, failedRequest, isUnreachable, RegistryError } from './error.ts'
import { readStart } from './read-body.ts'
import type { Endpoint } from './settings.ts'
import { KnownTokens } from './known-tokens.ts'
import { fetchToken, type Token } from './tokens.ts'
import type { Incoming, Transport } from './transport.ts'

export interface Request {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PATCH' | 'PUT' | 'DELETE'
  /** A path below the endpoint, or the full address that an upload was given. */
  readonly path: string | URL
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: () => AsyncIterable<Uint8Array>
  /** What the token must allow: `repository:library/busybox:pull`. */
  readonly scopes: readonly string[]
  readonly signal: AbortSignal
  /** Milliseconds in which a connection must be there. */
  readonly patience?: number
}

const defaultPatience = 15_000
const mostRedirects = 5
const largestError = 64 << 10
const redirects: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])

/** One endpoint as one person: finds out its scheme and how to authenticate, and remembers both. */
export class Connection {
  readonly endpoint: Endpoint
  readonly #transport: Transport
  readonly #clock: Clock
  readonly #credentials: Credentials | undefined
  readonly #tokens: KnownTokens
  #challenge: Challenge | undefined
  #base: URL | undefined

  constructor({ transport, clock }: { transport: Transport; clock: Clock }, endpoint: Endpoint, credentials: Credentials | undefined) {
    this.#transport = transport
    this.#clock = clock
    this.#tokens = new KnownTokens(clock)
    this.endpoint = endpoint
    this.#credentials = credentials
  }

  get host(): string {
    return new URL(this.endpoint.url).host
  }

  /** Resolves with an answer of 2xx. Throws `RegistryError` for others and what `networkError` gives. */
  async send(request: Request): Promise<Incoming> {
    const incoming = await this.#throughSchemes(request)
    if (incoming.status >= 200 && incoming.status < 300) return incoming
    const body = await readStart(incoming.body, largestError)
    throw this.#denied(incoming) ?? answerError({ method: request.method, url: incoming.url }, { ...incoming, body })
  }

  /** A login: the refresh token that the registry's token server gives, if it has one. Throws `unauthenticated`. */
  async login(signal: AbortSignal): Promise<string | undefined> {
    const request: Request = { method: 'GET', path: '/v2/', scopes: [], signal }
    await this.send(request).then(({ body }) => body.resume())
    const challenge = this.#challenge
    return challenge?.scheme === 'bearer' ? (await this.#fetchToken(challenge, request, true)).refreshToken : undefined
  }

  /** An insecure registry is asked over TLS first, then in the clear; what it spoke last time is asked again when that fails. */
  async #throughSchemes(request: Request): Promise<Incoming> {
    const bases = this.#bases(request.path)
    const patience = (request.patience ?? defaultPatience) / bases.length
    for (const [index, base] of bases.entries()) {
      try {
        const incoming = await this.#authorized(base, { ...request, patience })
        // 400 is also what a server of TLS says to who speaks in the clear.
        if (!(request.path instanceof URL)) this.#base = incoming.status === 400 ? undefined : base
        return incoming
      } catch (error) {
        this.#base = undefined
        if (index === bases.length - 1 || !speaksNoTls(error)) throw error
      }
    }
    throw new GalleyError('internal', 'an endpoint without an address')
  }

  /** The addresses to ask under, in order. Where the registry gave a full address, it also said by which scheme. */
  #bases(path: string | URL): readonly URL[] {
    const url = new URL(this.endpoint.url)
    const clear = this.endpoint.insecure && url.protocol === 'https:' ? [new URL(this.endpoint.url.replace(/^https/, 'http'))] : []
    const all = this.#base === undefined ? [url, ...clear] : [this.#base]
    return path instanceof URL ? [[url, ...clear].find(({ origin }) => origin === path.origin) ?? url] : all
  }

  async #authorized(base: URL, request: Request): Promise<Incoming> {
    const first = await this.#redirected(base, request, await this.#rememberedAuthorization(request))
    const header = first.headers['www-authenticate']
    // A host that a redirect led to has no business with these credentials.
    if (first.status !== 401 || header === undefined || first.url.origin !== base.origin) return first
    const challenge = chosen(parseChallenges(header), this.#credentials)
    if (challenge === undefined) return first
    first.body.resume()
    this.#challenge = challenge
    this.#tokens.forget(request.scopes)
    return await this.#redirected(base, request, await this.#authorization(request))
  }

  /** Follows redirects; the authorization stays with the registry. */
  async #redirected(base: URL, request: Request, authorization: string | undefined): Promise<Incoming> {
    let url = this.#address(base, request.path)
    for (let hop = 0; ; hop++) {
      const own = url.origin === base.origin && authorization !== undefined ? { authorization } : {}
      const incoming = await this.#transport.send(
        { patience: defaultPatience, ...request, url, headers: { ...request.headers, ...own } },
        this.endpoint.insecure,
      )
      const location = incoming.headers.location
      if (!redirects.has(incoming.status) || location === undefined || !['GET', 'HEAD'].includes(request.method)) return incoming
      incoming.body.resume()
      if (hop === mostRedirects) throw new RegistryError('unavailable', `${base.host} redirects more than ${mostRedirects} times`)
      url = this.#redirect(url, location)
    }
  }

  #redirect(from: URL, location: string): URL {
    if (!URL.canParse(location, from)) throw new RegistryError('unavailable', `${from.host} redirects to what is no address`)
    return this.#checkScheme(from, new URL(location, from))
  }

  /** Nothing that a registry answers over TLS leads into the clear. */
  #checkScheme(from: URL, to: URL): URL {
    if (to.protocol === 'https:' || (to.protocol === 'http:' && (from.protocol === 'http:' || this.endpoint.insecure))) return to
    throw new GalleyError('forbidden', `${from.host} redirects from TLS to ${to.protocol}//${to.host}`, {
      code: 'registry.downgrade',
      subject: to.host,
    })
  }

  #address(base: URL, path: string | URL): URL {
    if (path instanceof URL) return this.#checkScheme(base, path)
    const prefix = base.pathname.replace(/\/$/, '')
    return new URL(base.origin + prefix + path)
  }

  /** A token server that can't be reached may be one that the registry had when it was asked last: it is asked anew then. */
  async #rememberedAuthorization(request: Request): Promise<string | undefined> {
    try {
      return await this.#authorization(request)
    } catch (error) {
      if (!isUnreachable(error)) throw error
      this.#challenge = undefined
      return undefined
    }
  }

  async #authorization(request: Request): Promise<string | undefined> {
    const credentials = this.#credentials
    if (credentials?.type === 'registry') return `Bearer ${credentials.token}`
    const challenge = this.#challenge
    if (challenge?.scheme === 'basic' && credentials?.type === 'password') return basicAuthorization(credentials)
    if (challenge?.scheme !== 'bearer') return undefined
    const known = this.#tokens.find(request.scopes)
    if (known !== undefined) return `Bearer ${known.token}`
    const token = await this.#fetchToken(challenge, request, false)
    this.#tokens.keep(request.scopes, token)
    return `Bearer ${token.token}`
  }

  #fetchToken(challenge: Challenge, { scopes, signal, patience }: Request, offline: boolean): Promise<Token> {
    const tools = {
      send: this.#transport.send.bind(this.#transport),
      clock: this.#clock,
      insecure: this.endpoint.insecure,
    }
    return fetchToken(tools, challenge, this.#credentials, { scopes, signal, patience: patience ?? defaultPatience, offline })
  }

  /** A refusal whose reason stands in the challenge (RFC 6750, section 3.1) or is that nobody said who asks. */
  #denied({ status, headers, url }: Incoming): RegistryError | undefined {
    if (status !== 401) return undefined
    const challenges = parseChallenges(headers['www-authenticate'] ?? '')
    if (challenges.some(({ parameters }) => parameters.get('error') === 'insufficient_scope'))
      return denied('forbidden', url, 'denied: requested access to the resource is denied')
    const nobody = this.#credentials === undefined && challenges.some(({ scheme }) => scheme === 'basic')
    return nobody ? denied('unauthenticated', url, 'no basic auth credentials') : undefined
  }
}

function denied(kind: 'forbidden' | 'unauthenticated', url: URL, answer: string): RegistryError {
  return new RegistryError(kind, failedRequest('GET', url, answer), {
    code: 'registry.answer',
    subject: url.host,
    status: 401,
    answer,
  })
}

/** Tokens before passwords. Basic is of use only with a password. */
function chosen(challenges: readonly Challenge[], credentials: Credentials | undefined): Challenge | undefined {
  const bearer = challenges.find(({ scheme }) => scheme === 'bearer')
  if (bearer !== undefined && credentials?.type !== 'registry') return bearer
  return credentials?.type === 'password' ? challenges.find(({ scheme }) => scheme === 'basic') : undefined
}

/** Whether an insecure registry may be worth asking in the clear: it refused, or what it spoke was not TLS. */
function speaksNoTls(error: unknown): boolean {
  const cause = error instanceof GalleyError ? error.cause : undefined
  return isUnreachable(error) || codeOf(cause) === 'EPROTO' || /^(ERR_SSL_|ECONNRESET$)/.test(codeOf(cause))
}
