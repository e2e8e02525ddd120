import type { IncomingMessage } from 'node:http'
import { digestOf, isDigest, type Digest } from '#base/digest.ts'
import type { ImageReference } from '#base/image-reference.ts'
import { largestManifest, parseManifest, type Index, type Manifest } from '../manifests/manifest.ts'
import { mediaTypes } from '../manifests/media-types.ts'
import type { Connection } from './connection.ts'
import { RegistryError } from './error.ts'
import { readBody } from './read-body.ts'

export interface RemoteManifest {
  readonly bytes: Buffer
  readonly digest: Digest
  readonly mediaType: string
  readonly parsed: Manifest | Index
}

export interface Asking {
  readonly signal: AbortSignal
  /** Milliseconds in which a connection must be there. */
  readonly patience?: number
}

/** A piece of a blob: its bytes from `start` on. */
export interface BlobPart {
  readonly start: number
  readonly body: IncomingMessage
}

const accepted = [mediaTypes.ociIndex, mediaTypes.ociManifest, mediaTypes.dockerIndex, mediaTypes.dockerManifest].join(', ')
const largestTagList = 4 << 20
const mostTagPages = 1000

/** One image repository at one endpoint, read-only (OCI distribution-spec, Pulling Content and Content Discovery). */
export class Repository {
  readonly connection: Connection
  /** The name at this endpoint: `library/busybox`. */
  readonly path: string

  constructor(connection: Connection, path: string) {
    this.connection = connection
    this.path = path
  }

  get scope(): string {
    return `repository:${this.path}:pull`
  }

  /** A manifest by tag or digest, checked against its digest and media type. Throws `not found`, `invalid` and what the connection throws. */
  async manifest({ tag, digest }: Pick<ImageReference, 'tag' | 'digest'>, asking: Asking): Promise<RemoteManifest> {
    const name = digest ?? tag ?? 'latest'
    const { headers, body } = await this.connection.send({
      method: 'GET',
      path: `/v2/${this.path}/manifests/${name}`,
      headers: { accept: accepted },
      scopes: [this.scope],
      ...asking,
    })
    const bytes = await readBody(body, largestManifest)
    const found = digestOf(bytes)
    const promised = digest ?? headerDigest(headers['docker-content-digest'])
    if (promised !== undefined && promised !== found)
      throw new RegistryError('invalid', `manifest verification failed for digest ${promised}: the content has ${found}`)
    const mediaType = headers['content-type']?.split(';')[0]?.trim() ?? ''
    return { bytes, digest: found, mediaType, parsed: parseManifest(bytes, mediaType) }
  }

  /** What a tag stands for, without its content; undefined when the registry doesn't say. */
  async manifestDigest(tag: string, asking: Asking): Promise<Digest | undefined> {
    const { headers, body } = await this.connection.send({
      method: 'HEAD',
      path: `/v2/${this.path}/manifests/${tag}`,
      headers: { accept: accepted },
      scopes: [this.scope],
      ...asking,
    })
    body.resume()
    return headerDigest(headers['docker-content-digest'])
  }

  /** A blob's bytes from `start` up to `end` (exclusive), or more when the registry can't give a part. */
  async blob(digest: Digest, { start, end, size }: { start: number; end: number; size: number }, asking: Asking): Promise<BlobPart> {
    const whole = start === 0 && end === size
    const { status, headers, body } = await this.connection.send({
      method: 'GET',
      path: `/v2/${this.path}/blobs/${digest}`,
      headers: { 'accept-encoding': 'identity', ...(whole ? {} : { range: `bytes=${start}-${end - 1}` }) },
      scopes: [this.scope],
      ...asking,
    })
    if (status !== 206) return { start: 0, body }
    const [, from, total] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(headers['content-range'] ?? '') ?? []
    if (Number(from) === start && (total === '*' || Number(total) === size)) return { start, body }
    body.destroy()
    throw new RegistryError('unavailable', `${this.connection.host} answers with another part of ${digest} than was asked for`)
  }

  /** A small blob, such as a configuration, verified. Throws `too large`, `invalid`. */
  async smallBlob(digest: Digest, size: number, asking: Asking): Promise<Buffer> {
    const { body } = await this.blob(digest, { start: 0, end: size, size }, asking)
    const bytes = await readBody(body, size)
    if (digestOf(bytes) === digest) return bytes
    throw new RegistryError('invalid', `blob verification failed for digest ${digest}`)
  }

  /** All tags, following the registry's pages. */
  async tags(asking: Asking): Promise<readonly string[]> {
    const tags: string[] = []
    let path: string | URL | undefined = `/v2/${this.path}/tags/list?n=1000`
    for (let page = 0; path !== undefined && page < mostTagPages; page++) {
      const { url, headers, body } = await this.connection.send({ method: 'GET', path, scopes: [this.scope], ...asking })
      tags.push(...tagsOf(await readBody(body, largestTagList)))
      const next = /<([^>]*)>\s*;\s*rel="?next/.exec(String(headers['link'] ?? ''))?.[1]
      path = next === undefined || !URL.canParse(next, url) ? undefined : new URL(next, url)
      // The next page is the same registry's, whatever it says.
      if (path !== undefined && path.origin !== url.origin) path = undefined
    }
    return tags
  }
}

function headerDigest(header: string | string[] | undefined): Digest | undefined {
  return typeof header === 'string' && isDigest(header) ? header : undefined
}

function tagsOf(bytes: Buffer): readonly string[] {
  try {
    const { tags } = JSON.parse(bytes.toString('utf8')) as { tags?: unknown }
    if (Array.isArray(tags)) return tags.filter((tag): tag is string => typeof tag === 'string')
  } catch {
    // Said below.
  }
  throw new RegistryError('unavailable', 'the registry does not answer with a list of tags')
}
