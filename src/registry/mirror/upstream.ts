import { isDigest, type Digest } from '#base/digest.ts'
import { GalleyError, isDiskFull, messageOf } from '#base/error.ts'
import type { Arrival } from '#content/blobs/arrival.ts'
import type { Credentials } from '#content/remote/credentials.ts'
import { firstOf, type Registries } from '#content/remote/registries.ts'
import type { RemoteManifest, Repository } from '#content/remote/repository.ts'

/** Other registries, as a mirror of them asks. */
export interface Upstream {
  repository(domain: string, path: string): UpstreamRepository
  /** Opens a blob that comes from elsewhere; what came before is still there. */
  arrive(digest: Digest, size: number): Promise<Arrival>
}

/** One repository elsewhere; its mirrors come before its registry. */
export interface UpstreamRepository {
  readonly sources: readonly Repository[]
  manifest(reference: string, signal: AbortSignal): Promise<RemoteManifest>
  /** What a tag stands for; undefined when the registry doesn't say. */
  digestOf(tag: string, signal: AbortSignal): Promise<Digest | undefined>
  tags(signal: AbortSignal): Promise<readonly string[]>
}

/** Milliseconds in which a registry must be reached before what is here is served instead. */
const within = 5000

export interface UpstreamParts {
  readonly registries: Registries
  readonly credentials: (domain: string) => Credentials | undefined
  readonly arrive: Upstream['arrive']
}

export function upstreamOf({ registries, credentials, arrive }: UpstreamParts): Upstream {
  return {
    arrive,
    repository: (domain, path) => {
      const sources = registries.sources({ domain, path }, credentials(domain))
      const limit = { clock: registries.clock, within }
      const ask = async <T>(what: Parameters<typeof firstOf<T>>[1]): Promise<T> => (await firstOf(sources, what, limit)).value
      return {
        sources,
        manifest: (reference, signal) =>
          ask((source, patience) =>
            source.manifest(isDigest(reference) ? { digest: reference } : { tag: reference }, { signal, ...patience }),
          ),
        digestOf: (tag, signal) => ask((source, patience) => source.manifestDigest(tag, { signal, ...patience })),
        tags: (signal) => ask((source, patience) => source.tags({ signal, ...patience })),
      }
    },
  }
}

/** Whether another registry is down, or busy: what it said last is then better than nothing. */
export function upstreamFailed(error: unknown): boolean {
  return error instanceof GalleyError && error.retryable
}

/** How a client of the mirror is told of another registry's failure: its refusals are none of this registry's. */
export function upstreamError(error: unknown, subject: string): unknown {
  if (!(error instanceof GalleyError) || isDiskFull(error) || error.code?.startsWith('manifest.') === true) return error
  const detail = { subject, cause: error }
  if (error.kind === 'not found') return new GalleyError('not found', `upstream: ${error.message}`, { ...detail, code: 'manifest.unknown' })
  const kind = error.kind === 'unauthenticated' ? 'forbidden' : error.kind
  return new GalleyError(kind, `upstream: ${messageOf(error)}`, { ...detail, code: 'registry.upstream' })
}
