import type { Clock } from '#base/clock.ts'
import type { Digest } from '#base/digest.ts'
import type { Connection } from './connection.ts'
import { RegistryError } from './error.ts'
import { retrying } from './retry.ts'

/** A blob that is sent, from any byte on. */
export interface Sending {
  readonly digest: Digest
  readonly size: number
  readonly bytes: (from: number) => AsyncIterable<Uint8Array>
}

export interface PushOptions {
  readonly signal: AbortSignal
  readonly clock: Clock
  /** Told of the bytes that the registry was sent so far; fewer than before when an upload had to begin anew. */
  readonly onBytes: (sent: number) => void
}

/** Blobs up to this size go in one request. */
const inOneRequest = 4 << 20
const octets = { 'content-type': 'application/octet-stream' } as const

/** One image repository at its registry, to write to (OCI distribution-spec, Pushing Content). */
export class PushTarget {
  readonly #connection: Connection
  readonly #path: string

  constructor(connection: Connection, path: string) {
    this.#connection = connection
    this.#path = path
  }

  get #scope(): string {
    return `repository:${this.#path}:pull,push`
  }

  /** Whether the registry has a blob in this repository. */
  async has(digest: Digest, signal: AbortSignal): Promise<boolean> {
    try {
      await this.#connection
        .send({ method: 'HEAD', path: `/v2/${this.#path}/blobs/${digest}`, scopes: [this.#scope], signal })
        .then(({ body }) => body.resume())
      return true
    } catch (error) {
      if (error instanceof RegistryError && error.kind === 'not found') return false
      throw error
    }
  }

  /** Takes a blob over from another repository of the registry; false when it does not have it or won't. */
  async mount(digest: Digest, from: string, signal: AbortSignal): Promise<boolean> {
    const query = `mount=${encodeURIComponent(digest)}&from=${encodeURIComponent(from)}`
    try {
      const { status, headers, url, body } = await this.#connection.send({
        method: 'POST',
        path: `/v2/${this.#path}/blobs/uploads/?${query}`,
        headers: { 'content-length': '0' },
        scopes: [this.#scope, `repository:${from}:pull`],
        signal,
      })
      body.resume()
      if (status !== 201) await this.#cancel(new URL(headers.location ?? '', url), signal)
      return status === 201
    } catch (error) {
      // Whoever may not read the other repository can still upload.
      if (error instanceof RegistryError && ['forbidden', 'unauthenticated', 'not found'].includes(error.kind)) return false
      throw error
    }
  }

  /** Uploads a blob. After a cut it goes on where the registry says it is, or from the start when the registry has forgotten. */
  async upload(blob: Sending, { signal, clock, onBytes }: PushOptions): Promise<void> {
    let session: UploadSession | undefined
    let furthest = 0
    await retrying({ clock, signal, progress: () => furthest }, async () => {
      session = session === undefined ? await this.#begin(signal) : ((await this.#status(session, signal)) ?? (await this.#begin(signal)))
      const counted = (sent: number): void => {
        furthest = Math.max(furthest, sent)
        onBytes(sent)
      }
      await this.#send(blob, session, { signal, onBytes: counted })
    })
  }

  /** Stores a manifest under a tag. What it names must be there. */
  async putManifest(tag: string, { bytes, mediaType }: { bytes: Uint8Array; mediaType: string }, signal: AbortSignal): Promise<void> {
    const { body } = await this.#connection.send({
      method: 'PUT',
      path: `/v2/${this.#path}/manifests/${tag}`,
      headers: { 'content-type': mediaType, 'content-length': String(bytes.length) },
      body: async function* () {
        yield bytes
      },
      scopes: [this.#scope],
      signal,
    })
    body.resume()
  }

  async #begin(signal: AbortSignal): Promise<UploadSession> {
    const { headers, url, body } = await this.#connection.send({
      method: 'POST',
      path: `/v2/${this.#path}/blobs/uploads/`,
      headers: { 'content-length': '0' },
      scopes: [this.#scope],
      signal,
    })
    body.resume()
    return { location: locationOf(headers.location, url), offset: 0 }
  }

  /** How far an upload has come; undefined when the registry no longer knows it. */
  async #status({ location }: UploadSession, signal: AbortSignal): Promise<UploadSession | undefined> {
    try {
      const { headers, url, body } = await this.#connection.send({ method: 'GET', path: location, scopes: [this.#scope], signal })
      body.resume()
      const last = Number(/^(?:bytes=)?0-(\d+)$/.exec(String(headers['range'] ?? ''))?.[1] ?? 0)
      // `0-0` is what registries say of an upload without any byte.
      return { location: locationOf(headers.location ?? location.href, url), offset: last === 0 ? 0 : last + 1 }
    } catch (error) {
      if (error instanceof RegistryError && error.status >= 400 && error.status < 500) return undefined
      throw error
    }
  }

  async #send(
    blob: Sending,
    session: UploadSession,
    { signal, onBytes }: { signal: AbortSignal; onBytes: (sent: number) => void },
  ): Promise<void> {
    const { offset } = session
    const bytes = (): AsyncIterable<Uint8Array> => counting(blob.bytes(offset), offset, onBytes)
    const length = { 'content-length': String(blob.size - offset) }
    if (offset === 0 && blob.size <= inOneRequest) {
      await this.#put(blob.digest, session.location, { headers: { ...octets, ...length }, body: bytes }, signal)
      return
    }
    const range = offset === 0 ? {} : { 'content-range': `${offset}-${blob.size - 1}` }
    const { headers, url, body } = await this.#connection.send({
      method: 'PATCH',
      path: session.location,
      headers: { ...octets, ...length, ...range },
      body: bytes,
      scopes: [this.#scope],
      signal,
    })
    body.resume()
    session.location = locationOf(headers.location, url)
    await this.#put(blob.digest, session.location, { headers: { 'content-length': '0' } }, signal)
  }

  async #put(
    digest: Digest,
    location: URL,
    content: { readonly headers: Readonly<Record<string, string>>; readonly body?: () => AsyncIterable<Uint8Array> },
    signal: AbortSignal,
  ): Promise<void> {
    const path = new URL(location)
    path.searchParams.set('digest', digest)
    const { body } = await this.#connection.send({ method: 'PUT', path, ...content, scopes: [this.#scope], signal })
    body.resume()
  }

  /** A mount that became an upload is not used: whether it is cancelled or expires is the registry's affair. */
  async #cancel(location: URL, signal: AbortSignal): Promise<void> {
    try {
      await this.#connection.send({ method: 'DELETE', path: location, scopes: [this.#scope], signal }).then(({ body }) => body.resume())
    } catch (error) {
      if (!(error instanceof RegistryError)) throw error
    }
  }
}

interface UploadSession {
  location: URL
  /** Bytes that the registry has. */
  readonly offset: number
}

function locationOf(location: string | undefined, from: URL): URL {
  if (location !== undefined && URL.canParse(location, from)) return new URL(location, from)
  throw new RegistryError('unavailable', `${from.host} gives no address for the upload`)
}

async function* counting(bytes: AsyncIterable<Uint8Array>, offset: number, onBytes: (sent: number) => void): AsyncGenerator<Uint8Array> {
  let sent = offset
  for await (const chunk of bytes) {
    yield chunk
    sent += chunk.length
    onBytes(sent)
  }
}
