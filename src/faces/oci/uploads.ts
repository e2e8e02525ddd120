import type { IncomingMessage } from 'node:http'
import { GalleyError } from '#base/error.ts'
import { bodyOf } from '#faces/docker/unread-body.ts'
import { algorithmOf, parseAlgorithm, parseContentDigest, type ContentDigest } from '#registry/digest.ts'
import { finishUpload, mountBlob, receiveChunk, type Chunk, type ChunkRange } from '#registry/receive-blob.ts'
import type { Upload } from '#registry/uploads.ts'
import { readable } from './authorize.ts'
import { sendEmpty, type Call, type Face } from './face.ts'

/** `POST`: takes a blob over from another repository (end-11), takes a whole one (end-4b), or begins an upload (end-4a, end-4c). */
export async function beginUpload(face: Face, call: Call): Promise<void> {
  const { registry } = face
  const { query, name, request } = call
  const mount = query.get('mount')
  if (mount !== null && (await mounted(face, call, parseContentDigest(mount)))) return
  const promised = query.get('digest')
  const digest = promised === null ? undefined : parseContentDigest(promised)
  const algorithm = digest === undefined ? parseAlgorithm(query.get('digest-algorithm') ?? 'sha256') : algorithmOf(digest)
  const upload = await registry.uploads.begin(name, algorithm)
  if (digest === undefined) return accepted(call, upload)
  try {
    await upload.turn(async () => {
      await receiveChunk(upload, { bytes: bodyOf(request), length: lengthOf(request), range: undefined })
      await finishUpload(registry, upload, digest)
    })
  } catch (error) {
    // Nobody knows its id, to go on with it.
    await registry.uploads.end(upload)
    throw error
  }
  created(call, digest)
}

async function mounted(face: Face, call: Call, digest: ContentDigest): Promise<boolean> {
  const from = call.query.get('from') ?? undefined
  const mayRead = await readable(face, call.request)
  if (!(await mountBlob(face.registry, { name: call.name, digest, from }, mayRead))) return false
  created(call, digest)
  return true
}

/** `PATCH`: the next bytes (end-5). */
export async function patchUpload({ registry }: Face, call: Call): Promise<void> {
  const upload = await registry.uploads.find(call.name, call.last)
  await inTurn(call, upload, async () => {
    await receiveChunk(upload, chunkOf(call.request))
    accepted(call, upload)
  })
}

/** `PUT`: the last bytes, if any, and the digest (end-6). */
export async function finishUploadBy({ registry }: Face, call: Call): Promise<void> {
  const upload = await registry.uploads.find(call.name, call.last)
  const digest = parseContentDigest(call.query.get('digest') ?? '')
  await inTurn(call, upload, async () => {
    await receiveChunk(upload, chunkOf(call.request))
    await finishUpload(registry, upload, digest)
  })
  created(call, digest)
}

/** `GET`: how far an upload has come (end-13). */
export async function uploadStatus({ registry }: Face, call: Call): Promise<void> {
  const upload = await registry.uploads.find(call.name, call.last)
  sendEmpty(call, 204, progressOf(upload))
}

/** `DELETE`: gives an upload up (end-14). */
export async function cancelUpload({ registry }: Face, call: Call): Promise<void> {
  const upload = await registry.uploads.find(call.name, call.last)
  await upload.turn(() => registry.uploads.end(upload))
  sendEmpty(call, 204)
}

/** A chunk that doesn't fit is answered with where the upload really is. */
async function inTurn({ request, response }: Call, upload: Upload, task: () => Promise<void>): Promise<void> {
  try {
    await upload.turn(task, () => request.destroy())
  } catch (error) {
    if (error instanceof GalleyError && error.code === 'upload.range')
      for (const [name, value] of Object.entries(progressOf(upload))) response.setHeader(name, value)
    throw error
  }
}

function accepted(call: Call, upload: Upload): void {
  sendEmpty(call, 202, progressOf(upload))
}

function created(call: Call, digest: ContentDigest): void {
  sendEmpty(call, 201, { location: `/v2/${call.name}/blobs/${digest}`, 'docker-content-digest': digest })
}

function progressOf({ repository, id, file }: Upload): Readonly<Record<string, string>> {
  // Docker's clients read `0-0` as no byte, too.
  return {
    location: `/v2/${repository}/blobs/uploads/${id}`,
    range: `0-${Math.max(0, file.size - 1)}`,
    'docker-upload-uuid': id,
  }
}

function chunkOf(request: IncomingMessage): Chunk {
  return { bytes: bodyOf(request), length: lengthOf(request), range: rangeOf(request.headers['content-range']) }
}

function lengthOf({ headers }: IncomingMessage): number | undefined {
  const text = headers['content-length']
  return text === undefined ? undefined : Number(text)
}

/** `0-1023`; Docker's clients write `bytes=0-1023` and `bytes 0-1023/*` as well. */
function rangeOf(header: string | undefined): ChunkRange | undefined {
  if (header === undefined || header === '') return undefined
  const [, first, last] = /^(?:bytes[= ])?(\d+)-(\d+)(?:\/(?:\d+|\*))?$/.exec(header.trim()) ?? []
  if (first === undefined || last === undefined || Number(last) < Number(first) - 1)
    throw new GalleyError('invalid', `invalid Content-Range: ${header.slice(0, 100)}`, { code: 'upload.invalid' })
  return { first: Number(first), last: Number(last) }
}
