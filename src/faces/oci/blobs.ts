import type { ServerResponse } from 'node:http'
import { GalleyError } from '#base/error.ts'
import { parseContentDigest } from '#registry/digest.ts'
import { deleteBlob } from '#registry/manifests.ts'
import { parseRange } from './byte-range.ts'
import { sendEmpty, type Call, type Face } from './face.ts'

/** Content under a digest never changes. */
const forever = 'public, max-age=31536000, immutable'

/** `GET` and `HEAD` of a blob, whole or a part (end-2). */
export async function getBlob(face: Face, call: Call): Promise<void> {
  const { request, response, name } = call
  const digest = parseContentDigest(call.last)
  const blob = await face.mirrors.blob(name, digest)
  const { size } = blob
  const etag = `"${digest}"`
  const headers = { 'docker-content-digest': digest, 'accept-ranges': 'bytes', 'cache-control': forever, etag }
  if (request.headers['if-none-match'] === etag) return void response.writeHead(304, headers).end()
  const range = parseRange(request.headers.range, size)
  if (range === 'unsatisfiable') {
    response.setHeader('content-range', `bytes */${size}`)
    throw new GalleyError('conflict', `the blob has only ${size} bytes`, { code: 'blob.range', subject: digest })
  }
  const { start, end } = range ?? { start: 0, end: size }
  response.writeHead(range === undefined ? 200 : 206, {
    ...headers,
    'content-type': 'application/octet-stream',
    'content-length': end - start,
    ...(range !== undefined && { 'content-range': `bytes ${start}-${end - 1}/${size}` }),
  })
  if (request.method === 'HEAD' || end === start) return void response.end()
  await send(blob.bytes(start, end), response)
}

/** A client that goes away is no failure of ours; content that turns out damaged cuts the connection, so that nobody takes it for whole. */
async function send(bytes: AsyncIterable<Uint8Array>, response: ServerResponse): Promise<void> {
  try {
    for await (const piece of bytes) await written(response, piece)
    response.end()
  } catch (error) {
    response.destroy()
    if (error instanceof GalleyError) throw error
    if (!['ERR_STREAM_DESTROYED', 'ECONNRESET', 'EPIPE', 'ABORT_ERR'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
  }
}

/** Resolves when the kernel has it all. */
function written(response: ServerResponse, piece: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    response.write(piece, (error) => (error ? reject(error) : resolve()))
  })
}

/** `DELETE` of a blob (end-10). */
export async function removeBlob({ registry }: Face, call: Call): Promise<void> {
  await deleteBlob(registry, call.name, parseContentDigest(call.last))
  sendEmpty(call, 202)
}
