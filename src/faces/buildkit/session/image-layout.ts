import { isDigest, type Digest } from '#base/digest.ts'
import { GalleyError } from '#base/error.ts'
import { tarEnd } from '#content/layers/header.ts'
import { parseManifest, type Descriptor, type Manifest, type Platform } from '#content/manifests/manifest.ts'
import { choosePlatform } from '#content/manifests/platform.ts'
import { readArchive, writeMember } from '#engine/images/archive.ts'
import type { BlobStore } from '../client.ts'

/** Indexes that lead to a manifest, one in the other. */
const deepest = 3

/** Puts the blobs of an OCI archive into a client's layout, and resolves with the descriptor of the image. */
export async function layOut(store: BlobStore, archive: AsyncIterable<Uint8Array>): Promise<Descriptor> {
  let index: Buffer | undefined
  for await (const { type, name, body } of readArchive(archive)) {
    if (type !== 'file') continue
    if (name.startsWith('blobs/')) await store.write(body)
    else if (name === 'index.json') index = Buffer.concat(await Array.fromAsync(body))
    else for await (const _ of body);
  }
  const parsed = index === undefined ? undefined : parseManifest(index)
  const [image] = parsed?.type === 'index' ? parsed.manifests : []
  if (image === undefined) throw new GalleyError('internal', 'an OCI archive has no index')
  const { mediaType, digest, size } = image
  return { mediaType, digest, size }
}

/** An archive, as `docker load` takes it, of an image in a client's layout; of several platforms' the one that is wanted. */
export async function* archiveOf(store: BlobStore, text: string, platform: Platform): AsyncGenerator<Buffer> {
  if (!isDigest(text)) throw new GalleyError('invalid', `invalid digest ${text}`, { subject: text })
  const { digest, bytes, manifest } = await manifestIn(store, text, platform)
  for (const member of [manifest.config, ...manifest.layers])
    yield* writeMember(nameOf(member.digest), member.size, store.read(member.digest))
  yield* writeMember(nameOf(digest), bytes.length, [bytes])
  const { mediaType } = manifest
  const index = Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: [{ mediaType, digest, size: bytes.length }] }))
  yield* writeMember('index.json', index.length, [index])
  yield tarEnd
}

async function manifestIn(
  store: BlobStore,
  start: Digest,
  platform: Platform,
): Promise<{ digest: Digest; bytes: Buffer; manifest: Manifest }> {
  let digest = start
  for (let depth = 0; depth < deepest; depth++) {
    const bytes = await store.readWhole(digest)
    const manifest = parseManifest(bytes)
    if (manifest.type === 'manifest') return { digest, bytes, manifest }
    const chosen = choosePlatform(manifest.manifests, platform)
    if (chosen === undefined) break
    digest = chosen.digest
  }
  throw new GalleyError('not found', `there is no image for this platform behind ${start}`, { subject: start })
}

function nameOf(digest: Digest): string {
  return `blobs/${digest.replace(':', '/')}`
}
