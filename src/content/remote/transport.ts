import type { Agent, ClientRequest, IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { TLSSocket } from 'node:tls'
import { http, https, tls } from '#base/http.ts'
import type { Clock } from '#base/clock.ts'
import { codeOf, connectTimeout, failedRequest, networkError, RegistryError } from './error.ts'
import { isInsecure } from './settings.ts'
import { secureContextFor, type TrustSources } from './trust.ts'

/** One HTTP request as it goes out. */
export interface Outgoing {
  readonly method: string
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  /** Made anew for each attempt. */
  readonly body?: (() => AsyncIterable<Uint8Array>) | undefined
  readonly signal: AbortSignal
  /** Milliseconds in which a connection must be there. */
  readonly patience: number
}

export interface Incoming {
  readonly url: URL
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: IncomingMessage
}

/** The proxies of the daemon's environment. */
export type ProxySettings = Readonly<Partial<Record<'HTTP_PROXY' | 'HTTPS_PROXY' | 'NO_PROXY', string>>>

/** Milliseconds without a byte in either direction; a registry may need long to check a large upload. */
const longestSilence = 60_000
const mostAgents = 64

/** Sends HTTP requests: connections kept open per host, with the right certificates, through the proxies, never following redirects. */
export class Transport implements Disposable {
  readonly #clock: Clock
  readonly #trust: TrustSources
  readonly #proxy: ProxySettings
  readonly #agents = new Map<string, Agent>()

  constructor(clock: Clock, trust: TrustSources, proxy: ProxySettings) {
    this.#clock = clock
    this.#trust = trust
    this.#proxy = proxy
  }

  /** Resolves with the head of the answer, whatever its status. `insecure`: any certificate will do. Throws as `networkError` says. */
  async send(outgoing: Outgoing, insecure: boolean): Promise<Incoming> {
    try {
      return await this.#once(outgoing, insecure)
    } catch (error) {
      // The server closed a kept connection just when it was used again.
      if (!(error instanceof StaleConnection)) throw error
      return await this.#once(outgoing, insecure)
    }
  }

  [Symbol.dispose](): void {
    for (const agent of this.#agents.values()) agent.destroy()
    this.#agents.clear()
  }

  async #once(outgoing: Outgoing, insecure: boolean): Promise<Incoming> {
    const { method, url, headers, body, signal } = outgoing
    signal.throwIfAborted()
    const answer = Promise.withResolvers<Incoming>()
    const secure = url.protocol === 'https:'
    const request = (secure ? https() : http).request(url, { method, headers, agent: this.#agent(url, insecure), signal })
    const timer = this.#connectTimer(request, outgoing)
    request.setTimeout(longestSilence, () => request.destroy(silence(method, url)))
    request.on('response', (response) =>
      answer.resolve({ url, status: response.statusCode ?? 0, headers: response.headers, body: response }),
    )
    request.on('error', (error) => answer.reject(signal.aborted ? signal.reason : failure(request, outgoing, error)))
    // An answer that comes before the body is sent ends the sending: the answer is what counts.
    if (body === undefined) request.end()
    else
      pipeline(Readable.from(body()), request).catch((error: unknown) =>
        answer.reject(signal.aborted ? signal.reason : networkError(method, url, error)),
      )
    try {
      return await answer.promise
    } finally {
      timer[Symbol.dispose]()
    }
  }

  #connectTimer(request: ClientRequest, { method, url, patience }: Outgoing): Disposable {
    const timer = this.#clock.after(patience, () => request.destroy(connectTimeout(method, url)))
    const done = (): void => timer[Symbol.dispose]()
    request.on('socket', (socket) => {
      const isSecure = url.protocol === 'https:' && socket instanceof tls().TLSSocket
      if (request.reusedSocket || (isSecure ? hasShakenHands(socket) : !socket.connecting)) done()
      else socket.once(isSecure ? 'secureConnect' : 'connect', done)
    })
    return timer
  }

  #agent(url: URL, insecure: boolean): Agent {
    const key = `${url.origin} ${insecure}`
    const known = this.#agents.get(key)
    if (known !== undefined) return known
    const oldest = this.#agents.size < mostAgents ? undefined : this.#agents.keys().next().value
    if (oldest !== undefined) {
      this.#agents.get(oldest)?.destroy()
      this.#agents.delete(oldest)
    }
    const made = this.#makeAgent(url, insecure)
    this.#agents.set(key, made)
    return made
  }

  #makeAgent(url: URL, insecure: boolean): Agent {
    // Loopback never goes through a proxy, as with Docker.
    const loopback = isInsecure({ mirrors: new Map(), insecure: ['127.0.0.0/8', '::1/128', 'localhost'], ca: new Map() }, url.host)
    const options = { keepAlive: true, ...(loopback ? {} : { proxyEnv: this.#proxy }) }
    if (url.protocol !== 'https:') return new http.Agent(options)
    return new (https().Agent)({ ...options, secureContext: secureContextFor(url.host, this.#trust), rejectUnauthorized: !insecure })
  }
}

/** Through a proxy the socket comes when it may already speak TLS; otherwise before it connects. */
function hasShakenHands(socket: TLSSocket): boolean {
  return socket.getFinished() !== undefined
}

class StaleConnection extends RegistryError {}

function failure(request: ClientRequest, { method, url, body }: Outgoing, error: Error): Error {
  const translated = networkError(method, url, error)
  const stale = request.reusedSocket && body === undefined && ['ECONNRESET', 'EPIPE'].includes(codeOf(error))
  return stale ? new StaleConnection('unavailable', translated.message, { cause: error }) : translated
}

function silence(method: string, url: URL): RegistryError {
  return new RegistryError('timeout', failedRequest(method, url, `nothing came for ${longestSilence / 1000} s`), {
    code: 'registry.silent',
    subject: url.host,
  })
}
