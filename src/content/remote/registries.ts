import type { Clock } from '#base/clock.ts'
import { GalleyError } from '#base/error.ts'
import type { ImageReference } from '#base/image-reference.ts'
import { Connection } from './connection.ts'
import { fingerprint, type Credentials } from './credentials.ts'
import { Repository } from './repository.ts'
import { endpointsOf, originOf, type Endpoint, type RegistrySettings } from './settings.ts'
import { Transport, type ProxySettings } from './transport.ts'

export interface RegistriesOptions {
  readonly settings: RegistrySettings
  /** Certificates by host, as Docker's certs.d. */
  readonly certificates: string
  /** The machine's certificate authorities, when not in Debian's place. */
  readonly bundle?: string | undefined
  readonly proxy?: ProxySettings
  readonly clock: Clock
}

const mostConnections = 64

/** All registries but our own: opens repositories, keeps connections and tokens. */
export class Registries implements Disposable {
  readonly settings: RegistrySettings
  readonly proxy: ProxySettings
  readonly clock: Clock
  readonly #transport: Transport
  readonly #connections = new Map<string, Connection>()

  constructor({ settings, certificates, bundle, proxy = {}, clock }: RegistriesOptions) {
    this.settings = settings
    this.proxy = proxy
    this.clock = clock
    this.#transport = new Transport(clock, { directory: certificates, bundle, ca: settings.ca }, proxy)
  }

  /** Where an image can be had, in order: mirrors, which never see the credentials, then its registry. */
  sources({ domain, path }: ImageReference, credentials?: Credentials): readonly Repository[] {
    return endpointsOf(this.settings, domain).map(
      (endpoint) => new Repository(this.#connection(endpoint, endpoint.mirror ? undefined : credentials), path),
    )
  }

  /** The registry of a domain itself. */
  origin(domain: string, credentials?: Credentials): Connection {
    return this.#connection(originOf(this.settings, domain), credentials)
  }

  /** Where a domain's images are searched for: Docker Hub has another host for that. */
  searching(domain: string, credentials?: Credentials): Connection {
    const { url, ...rest } = originOf(this.settings, domain)
    return this.#connection({ url: domain === 'docker.io' ? 'https://index.docker.io' : url, ...rest }, credentials)
  }

  [Symbol.dispose](): void {
    this.#transport[Symbol.dispose]()
  }

  #connection(endpoint: Endpoint, credentials: Credentials | undefined): Connection {
    const key = `${endpoint.url} ${fingerprint(credentials)}`
    const known = this.#connections.get(key)
    if (known !== undefined) return known
    const oldest = this.#connections.size < mostConnections ? undefined : this.#connections.keys().next().value
    if (oldest !== undefined) this.#connections.delete(oldest)
    const made = new Connection({ transport: this.#transport, clock: this.clock }, endpoint, credentials)
    this.#connections.set(key, made)
    return made
  }
}

/**
 * Asks the sources in order until one answers; a failure of any kind passes on to the next, the last one's is thrown. With a limit
 * (milliseconds), a connection to one of them must be there within it.
 */
export async function firstOf<T>(
  sources: readonly Repository[],
  ask: (source: Repository, patience: { readonly patience?: number }) => Promise<T>,
  limit?: { readonly clock: Clock; readonly within: number },
): Promise<{ readonly source: Repository; readonly value: T }> {
  const end = limit === undefined ? 0 : limit.clock.now() + limit.within
  for (const [index, source] of sources.entries()) {
    const left = limit === undefined ? undefined : Math.max(1, (end - limit.clock.now()) / (sources.length - index))
    try {
      return { source, value: await ask(source, left === undefined ? {} : { patience: left }) }
    } catch (error) {
      if (index === sources.length - 1 || !(error instanceof GalleyError)) throw error
    }
  }
  throw new GalleyError('internal', 'an image without any source')
}

/** The sources with the one that has proven good first. */
export function startingWith(source: Repository, sources: readonly Repository[]): readonly Repository[] {
  return [source, ...sources.filter((other) => other !== source)]
}
