import { hexOf, type Digest } from '#base/digest.ts'
import { canonicalReference, familiarName, familiarReference, parseImageReference, type ImageReference } from '#base/image-reference.ts'
import { mediaTypes } from '#content/manifests/media-types.ts'
import type { Descriptor } from '#content/manifests/manifest.ts'
import { normalPlatform } from '#content/manifests/platform.ts'
import { tarEnd } from '#content/layers/header.ts'
import { blobMember, writeMember } from './archive.ts'
import { compose, compositionOf, type Composed, type Composition } from './composition.ts'
import type { LayerBlob } from './content.ts'
import { sameRepository, type Images } from './images.ts'
import type { Image } from './model.ts'
import { platformOf } from './platform-of.ts'

interface Chosen {
  readonly image: Image
  readonly references: readonly ImageReference[]
}

/** An image as it is laid out: `manifest` is the OCI manifest's bytes. */
interface LaidImage {
  readonly image: Image
  readonly layers: readonly LayerBlob[]
  readonly manifest: Buffer
}

/** What goes under one name. */
interface LaidOut {
  readonly references: readonly ImageReference[]
  readonly images: readonly LaidImage[]
  readonly composed: Composed
}

/**
 * `docker save`: one tar that is an OCI layout and Docker's own form at once. A name without a tag stands for all its tags,
 * an id for the image without names. Everything is resolved before the first byte. Throws `not found`.
 */
export async function saveImages(images: Images, names: readonly string[]): Promise<AsyncIterable<Buffer>> {
  const laid: LaidOut[] = []
  for (const { image, references } of choose(images, names)) {
    laid.push(await layOut(images, await compositionOf(images, image.id), references))
    images.emit('save', image.id, { name: image.id })
  }
  return undisturbed(images, write(images, laid))
}

/** As `saveImages`, for images under names that they need not have here, with what is said of them. */
export async function saveComposition(
  images: Images,
  composition: Composition,
  references: readonly ImageReference[],
): Promise<AsyncIterable<Buffer>> {
  return undisturbed(images, write(images, [await layOut(images, composition, references)]))
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

async function layOut(images: Images, composition: Composition, references: readonly ImageReference[]): Promise<LaidOut> {
  const laid: LaidImage[] = []
  for (const { image } of composition.members) laid.push(await layOutImage(images, images.resolve(image)))
  const { ociManifest: mediaType } = mediaTypes
  const manifests = laid.map(({ image, manifest }) => ({
    manifest: { bytes: manifest, mediaType },
    platform: normalPlatform(platformOf(image.config)),
  }))
  return { references, images: laid, composed: compose(composition, manifests) }
}

async function layOutImage(images: Images, image: Image): Promise<LaidImage> {
  const layers: LayerBlob[] = []
  for (const diffId of image.layers) layers.push(await images.content.blobOf(diffId))
  const config = { mediaType: mediaTypes.ociConfig, digest: image.id, size: (await images.content.blobs.read(image.id)).length }
  const manifest = encode({
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config,
    layers: layers.map(({ mediaType, digest, size }) => ({ mediaType, digest, size })),
  })
  return { image, layers, manifest }
}

async function* write(images: Images, laid: readonly LaidOut[]): AsyncGenerator<Buffer> {
  const written = new Set<Digest>()
  const isNew = (digest: Digest): boolean => !written.has(digest) && written.add(digest) !== undefined
  for (const { image, layers } of laid.flatMap((one) => one.images)) {
    for (const layer of layers)
      if (isNew(layer.digest)) yield* writeMember(blobMember(layer.digest), layer.size, images.content.bytes(layer))
    if (isNew(image.id)) yield* small(blobMember(image.id), await images.content.blobs.read(image.id))
  }
  for (const { blobs, manifests, top } of laid.map(({ composed }) => composed))
    for (const { descriptor, bytes } of [...blobs, ...manifests, top])
      if (isNew(descriptor.digest)) yield* small(blobMember(descriptor.digest), bytes)
  yield* small('index.json', encode({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: laid.flatMap(indexEntries) }))
  const single = laid.filter(({ images: { length } }) => length === 1)
  if (single.length > 0) yield* small('manifest.json', encode(single.flatMap(dockerEntries)))
  yield* small('oci-layout', encode({ imageLayoutVersion: '1.0.0' }))
  if (single.length > 0) yield* small('repositories', encode(repositoriesOf(single)))
  yield tarEnd
}

function small(name: string, bytes: Buffer): AsyncGenerator<Buffer> {
  return writeMember(name, bytes.length, [bytes])
}

/** Docker's own form, which has one platform only. */
function dockerEntries({ references, images }: LaidOut): object[] {
  return images.map(({ image, layers }) => ({
    Config: blobMember(image.id),
    RepoTags: references.length === 0 ? null : references.map(familiarReference),
    Layers: layers.map(({ digest }) => blobMember(digest)),
  }))
}

function indexEntries({ references, composed }: LaidOut): Descriptor[] {
  const { descriptor } = composed.top
  if (references.length === 0) return [descriptor]
  return references.map((reference) => ({
    ...descriptor,
    annotations: {
      ...descriptor.annotations,
      'io.containerd.image.name': canonicalReference(reference),
      'org.opencontainers.image.ref.name': reference.tag ?? '',
    },
  }))
}

function repositoriesOf(laid: readonly LaidOut[]): Record<string, Record<string, string>> {
  const repositories: Record<string, Record<string, string>> = {}
  for (const { references, images } of laid) {
    const top = images.at(-1)?.layers.at(-1)
    for (const reference of references)
      if (top !== undefined) (repositories[familiarName(reference)] ??= {})[reference.tag ?? 'latest'] = hexOf(top.digest)
  }
  return repositories
}

function encode(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value))
}
