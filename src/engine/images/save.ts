import { digestOf, hexOf, type Digest } from '#base/digest.ts'
import { canonicalReference, familiarName, familiarReference, parseImageReference, type ImageReference } from '#base/image-reference.ts'
import { mediaTypes } from '#content/manifests/media-types.ts'
import type { Descriptor } from '#content/manifests/manifest.ts'
import { tarEnd } from '#content/layers/header.ts'
import { writeMember } from './archive.ts'
import type { LayerBlob } from './content.ts'
import { sameRepository, type Images } from './images.ts'
import type { Image } from './model.ts'
import { platformOf } from './platform-of.ts'

interface Chosen {
  readonly image: Image
  readonly references: readonly ImageReference[]
}

/** An image as it is laid out: `manifest` is the OCI manifest's bytes. */
interface Laid extends Chosen {
  readonly layers: readonly LayerBlob[]
  readonly manifest: Buffer
  readonly descriptor: Descriptor
}

/**
 * `docker save`: one tar that is an OCI layout and Docker's own form at once. A name without a tag stands for all its tags,
 * an id for the image without names. Everything is resolved before the first byte. Throws `not found`.
 */
export async function saveImages(images: Images, names: readonly string[]): Promise<AsyncIterable<Buffer>> {
  const laid: Laid[] = []
  for (const chosen of choose(images, names)) laid.push(await layOut(images, chosen))
  return undisturbed(images, write(images, laid))
}

/** As `saveImages`, for one image under names that it need not have here. */
export async function saveImageAs(images: Images, image: Image, references: readonly ImageReference[]): Promise<AsyncIterable<Buffer>> {
  return undisturbed(images, write(images, [await layOut(images, { image, references })]))
}

/** An image layout of several images under the same names: an index of them, by platform. */
export async function saveIndexAs(
  images: Images,
  ids: readonly Digest[],
  references: readonly ImageReference[],
): Promise<AsyncIterable<Buffer>> {
  const laid: Laid[] = []
  for (const id of ids) laid.push(await layOut(images, { image: images.resolve(id), references: [] }))
  return undisturbed(images, writeIndex(images, laid, references))
}

async function* writeIndex(images: Images, laid: readonly Laid[], references: readonly ImageReference[]): AsyncGenerator<Buffer> {
  yield* blobsOf(images, laid)
  const manifests = laid.map(({ descriptor, image }) => ({ ...descriptor, platform: platformOf(image.config) }))
  const mediaType = mediaTypes.ociIndex
  const index = encode({ schemaVersion: 2, mediaType, manifests })
  const descriptor = { mediaType, digest: digestOf(index), size: index.length }
  yield* small(blobName(descriptor.digest), index)
  yield* small('index.json', encode({ schemaVersion: 2, mediaType, manifests: indexEntries({ references, descriptor }) }))
  yield* small('oci-layout', encode({ imageLayoutVersion: '1.0.0' }))
  yield tarEnd
}

/** Whoever removes the image meanwhile takes no files away from under the archive. */
async function* undisturbed(images: Images, source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const end = Promise.withResolvers<void>()
  const holding = images.content.whileAdding(() => end.promise)
  try {
    yield* source
  } finally {
    end.resolve()
    await holding
  }
}

function choose(images: Images, names: readonly string[]): Chosen[] {
  const chosen = new Map<Digest, Map<string, ImageReference>>()
  for (const name of names) {
    for (const { image, references } of chosenBy(images, name)) {
      const known = chosen.get(image.id) ?? new Map<string, ImageReference>()
      for (const reference of references) known.set(canonicalReference(reference), reference)
      chosen.set(image.id, known)
    }
  }
  return [...chosen].map(([id, references]) => ({ image: images.resolve(id), references: [...references.values()] }))
}

function chosenBy(images: Images, name: string): Chosen[] {
  const whole = wholeRepository(images, name)
  if (whole.length > 0) return whole
  const image = images.resolve(name)
  const named = image.references.map(parseImageReference).filter(({ tag }) => tag !== undefined)
  return [
    {
      image,
      references: image.id.includes(name)
        ? []
        : named.filter((reference) => familiarReference(reference) === familiarReference(parseImageReference(name))),
    },
  ]
}

function wholeRepository(images: Images, name: string): Chosen[] {
  if (/^(sha256:)?[a-f0-9]{64}$/.test(name)) return []
  const wanted = parseImageReference(name)
  if (wanted.tag !== undefined || wanted.digest !== undefined) return []
  return images.list().flatMap((image) => {
    const references = image.references
      .map(parseImageReference)
      .filter((reference) => reference.tag !== undefined && sameRepository(reference, wanted))
    return references.length === 0 ? [] : [{ image, references }]
  })
}

async function layOut(images: Images, { image, references }: Chosen): Promise<Laid> {
  const layers: LayerBlob[] = []
  for (const diffId of image.layers) layers.push(await images.content.blobOf(diffId))
  const config = { mediaType: mediaTypes.ociConfig, digest: image.id, size: (await images.content.blobs.read(image.id)).length }
  const manifest = encode({
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config,
    layers: layers.map(({ mediaType, digest, size }) => ({ mediaType, digest, size })),
  })
  return {
    image,
    references,
    layers,
    manifest,
    descriptor: { mediaType: mediaTypes.ociManifest, digest: digestOf(manifest), size: manifest.length },
  }
}

async function* blobsOf(images: Images, laid: readonly Laid[]): AsyncGenerator<Buffer> {
  const written = new Set<Digest>()
  for (const { image, layers, manifest, descriptor } of laid) {
    for (const layer of layers) {
      if (!written.has(layer.digest)) yield* writeMember(blobName(layer.digest), layer.size, images.content.bytes(layer))
      written.add(layer.digest)
    }
    yield* small(blobName(image.id), await images.content.blobs.read(image.id))
    yield* small(blobName(descriptor.digest), manifest)
  }
}

async function* write(images: Images, laid: readonly Laid[]): AsyncGenerator<Buffer> {
  yield* blobsOf(images, laid)
  yield* small('index.json', encode({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: laid.flatMap(indexEntries) }))
  yield* small('manifest.json', encode(laid.map(dockerEntry)))
  yield* small('oci-layout', encode({ imageLayoutVersion: '1.0.0' }))
  yield* small('repositories', encode(repositoriesOf(laid)))
  yield tarEnd
}

function small(name: string, bytes: Buffer): AsyncGenerator<Buffer> {
  return writeMember(name, bytes.length, [bytes])
}

function indexEntries({ references, descriptor }: Pick<Laid, 'references' | 'descriptor'>): Descriptor[] {
  if (references.length === 0) return [descriptor]
  return references.map((reference) => ({
    ...descriptor,
    annotations: { 'io.containerd.image.name': canonicalReference(reference), 'org.opencontainers.image.ref.name': reference.tag ?? '' },
  }))
}

function dockerEntry({ image, references, layers }: Laid): object {
  return {
    Config: blobName(image.id),
    RepoTags: references.length === 0 ? null : references.map(familiarReference),
    Layers: layers.map(({ digest }) => blobName(digest)),
  }
}

function repositoriesOf(laid: readonly Laid[]): Record<string, Record<string, string>> {
  const repositories: Record<string, Record<string, string>> = {}
  for (const { references, layers } of laid) {
    const top = layers.at(-1)
    for (const reference of references)
      if (top !== undefined) (repositories[familiarName(reference)] ??= {})[reference.tag ?? 'latest'] = hexOf(top.digest)
  }
  return repositories
}

function blobName(digest: Digest): string {
  return `blobs/sha256/${hexOf(digest)}`
}

function encode(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value))
}
