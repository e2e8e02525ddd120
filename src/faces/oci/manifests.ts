import { GalleyError } from '#base/error.ts'
import { mediaTypes } from '#content/manifests/media-types.ts'
import { choosePlatform, hostPlatform } from '#content/manifests/platform.ts'
import { parseManifest } from '#content/manifests/manifest.ts'
import { bodyOf } from '#faces/docker/unread-body.ts'
import { isContentDigest, parseContentDigest } from '#registry/digest.ts'
import { deleteManifest, findManifest } from '#registry/manifests.ts'
import { parseTag } from '#registry/name.ts'
import { largestManifest, putManifest, type StoredManifest } from '#registry/put-manifest.ts'
import { isIndexType } from '#registry/read-manifest.ts'
import { sendEmpty, type Call, type Face } from './face.ts'

/** `GET` and `HEAD` of a manifest by tag or digest (end-3). */
export async function getManifest(face: Face, call: Call): Promise<void> {
  const { request, response, name } = call
  const { stored, stale } = await face.mirrors.manifest(name, call.last, call.signal)
  const { digest, record } = isContentDigest(call.last) ? stored : await readable(face, call, stored)
  const etag = `"${digest}"`
  const headers = {
    'docker-content-digest': digest,
    etag,
    vary: 'Accept',
    ...(stale && { warning: '299 - "the upstream registry cannot be reached: this is what it had last"' }),
  }
  if (request.headers['if-none-match'] === etag) return void response.writeHead(304, headers).end()
  response.writeHead(200, { ...headers, 'content-type': record.mediaType, 'content-length': record.size })
  response.end(request.method === 'HEAD' ? undefined : await face.registry.content.read(record.content))
}

/**
 * A client that reads image manifests but no index gets this machine's image of an index, as Docker's registry gives it
 * (OCI distribution-spec, content-negotiation.md).
 */
async function readable({ registry }: Face, { request, name }: Call, stored: StoredManifest): Promise<StoredManifest> {
  const accepted = acceptedBy(request.headers.accept)
  const wantsOnlyManifests = accepted.has(mediaTypes.ociManifest) || accepted.has(mediaTypes.dockerManifest)
  if (
    !isIndexType(stored.record.mediaType) ||
    !wantsOnlyManifests ||
    [...accepted].some((type) => isIndexType(type) || type.endsWith('/*'))
  )
    return stored
  const parsed = parseManifest(await registry.content.read(stored.record.content))
  const chosen = parsed.type === 'index' ? choosePlatform(parsed.manifests, hostPlatform()) : undefined
  return chosen === undefined ? stored : findManifest(registry, name, chosen.digest)
}

/** The types of an `Accept` header, without their parameters. */
function acceptedBy(header: string | undefined): ReadonlySet<string> {
  return new Set((header ?? '*/*').split(',').map((part) => part.split(';')[0]?.trim().toLowerCase() ?? ''))
}

/** `PUT` of a manifest by tag or digest, with further tags as `?tag=` (end-7a, end-7b). */
export async function putManifestByName(face: Face, call: Call): Promise<void> {
  const { name, last, request } = call
  const digest = last.includes(':') ? parseContentDigest(last) : undefined
  const tags = [...(digest === undefined ? [last] : []), ...call.query.getAll('tag')].map(parseTag)
  const bytes = await readBody(call)
  const stored = await putManifest(face.registry, { repository: name, bytes, mediaType: request.headers['content-type'], digest, tags })
  for (const tag of tags) await face.images.make({ host: request.headers.host ?? '', repository: name, tag }, stored)
  const { refers } = stored.record
  sendEmpty(call, 201, {
    location: `/v2/${name}/manifests/${stored.digest}`,
    'docker-content-digest': stored.digest,
    ...(refers !== undefined && { 'oci-subject': refers.subject }),
    ...(digest !== undefined && tags.length > 0 && { 'oci-tag': tags.join(', ') }),
  })
}

async function readBody({ request }: Call): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of bodyOf(request)) {
    size += chunk.length
    if (size > largestManifest)
      throw new GalleyError('too large', `the manifest is larger than ${largestManifest} bytes`, { code: 'manifest.size' })
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** `DELETE` of a tag, or of a manifest with its tags (end-9). */
export async function removeManifest({ registry, images }: Face, call: Call): Promise<void> {
  const { digest } = findManifest(registry, call.name, call.last)
  for (const tag of await deleteManifest(registry, call.name, call.last)) await images.forget(call.name, tag, digest)
  sendEmpty(call, 202)
}
