import type { Digest } from '#base/digest.ts'
import { GalleyError } from '#base/error.ts'
import { familiarName, familiarReference, parseImageReference, withDigest, type ImageReference } from '#base/image-reference.ts'
import { Permits } from '#base/permits.ts'
import type { Document } from '#content/manifests/attestation.ts'
import { normalPlatform } from '#content/manifests/platform.ts'
import type { Credentials } from '#content/remote/credentials.ts'
import { isUnreachable, RegistryError } from '#content/remote/error.ts'
import { PushTarget, type Sending } from '#content/remote/push-target.ts'
import type { Registries } from '#content/remote/registries.ts'
import { retrying } from '#content/remote/retry.ts'
import { compose, compositionOf, isPlain, type Composition, type Laid, type Member } from './composition.ts'
import type { LayerBlob } from './content.ts'
import { sameRepository, type Images } from './images.ts'
import { keptManifest, newManifest, type ImageManifest } from './manifest-of.ts'
import type { Image } from './model.ts'
import { platformOf } from './platform-of.ts'
import { unreachableError } from './pull-error.ts'
import type { LayerPhase, ReportTransfer } from './transfer.ts'

/** A repository that images are pushed to. */
export type PushPlace = Pick<PushTarget, 'has' | 'mount' | 'upload' | 'putManifest'>

export interface Pushing {
  readonly images: Images
  readonly registries: Registries
  /** A repository of our own registry, which has the same content: nothing is packed or sent. */
  readonly own?: ((reference: ImageReference) => PushPlace | undefined) | undefined
}

export interface PushRequest {
  /** With a tag, or without one for all tags of the repository. */
  readonly reference: ImageReference
  readonly credentials: Credentials | undefined
  readonly report: ReportTransfer
  readonly signal: AbortSignal
  /** What the image goes with, instead of what is kept with it. */
  readonly composition?: Composition
}

/** Layers that are sent at once, as in Docker. */
const uploadsAtOnce = 5
/** Milliseconds between two reports of one layer's progress. */
const reportPause = 100

/** `docker push`. Throws `not found` (no such image here), `forbidden`, `unauthenticated`, `unavailable`. */
export async function pushImage(pushing: Pushing, request: PushRequest): Promise<void> {
  const { reference, report } = request
  report({ type: 'pushing', reference })
  const chosen = choose(pushing.images, reference)
  await pushTo(pushing, request, async (target, plain) => {
    for (const one of chosen) await pushOne(pushing, target, { ...request, ...one, plain })
  })
}

/**
 * Asks a registry, as whom pushes, for what an image that is here is made of, and sends nothing: throws what `pushImage` would where there
 * is no such image, or the registry can't be reached or does not let one in.
 */
export async function checkPush(pushing: Pushing, request: Omit<PushRequest, 'report' | 'composition'>): Promise<void> {
  const chosen = choose(pushing.images, request.reference)
  await pushTo(pushing, request, async (target) => {
    for (const { image } of chosen) await target.has(image.id, request.signal)
  })
}

/** Pushes images of several platforms, and what is said of them, under one name. Throws as `pushImage`. */
export async function pushComposition(pushing: Pushing, composition: Composition, request: PushRequest): Promise<void> {
  const { reference, report } = request
  report({ type: 'pushing', reference })
  await pushTo(pushing, request, async (target, plain) => {
    await pushing.images.content.whileAdding(() => send(pushing, target, { ...request, plain, composition }))
  })
}

/** Opens the repository that a reference names, and words what goes wrong there. */
export async function pushTo(
  pushing: Pick<Pushing, 'own' | 'registries'>,
  request: Pick<PushRequest, 'reference' | 'credentials'>,
  task: (target: PushPlace, plain: boolean) => Promise<void>,
): Promise<void> {
  const { reference, credentials } = request
  const own = pushing.own?.(reference)
  const target = own ?? new PushTarget(pushing.registries.origin(reference.domain, credentials), reference.path)
  try {
    await task(target, own !== undefined)
  } catch (error) {
    if (isUnreachable(error)) throw unreachableError(reference, error)
    if (error instanceof RegistryError && (error.kind === 'forbidden' || error.kind === 'unauthenticated'))
      throw new GalleyError(error.kind, error.answer, { code: 'image.denied', subject: familiarName(reference), cause: error })
    throw error
  }
}

interface Chosen {
  readonly image: Image
  readonly reference: ImageReference
}

function choose(images: Images, wanted: ImageReference): readonly Chosen[] {
  const all = images.list().flatMap((image) =>
    image.references
      .map(parseImageReference)
      .filter((reference) => reference.tag !== undefined && sameRepository(reference, wanted))
      .map((reference) => ({ image, reference })),
  )
  if (all.length === 0) {
    const name = familiarName(wanted)
    throw new GalleyError('not found', `An image does not exist locally with the tag: ${name}`, { code: 'image.not-found', subject: name })
  }
  if (wanted.tag === undefined) return all
  const one = all.find(({ reference }) => reference.tag === wanted.tag)
  if (one !== undefined) return [one]
  const name = familiarReference(wanted)
  throw new GalleyError('not found', `tag does not exist: ${name}`, { code: 'image.not-found', subject: name })
}

interface Sent extends PushRequest {
  /** Whether plain layers go as they are, instead of packed. */
  readonly plain: boolean
}

async function pushOne(pushing: Pushing, target: PushPlace, request: Sent & Chosen): Promise<void> {
  const { images } = pushing
  const { image, reference } = request
  const digest = await images.content.whileAdding(async () =>
    send(pushing, target, { ...request, composition: request.composition ?? (await compositionOf(images, image.id)) }),
  )
  // What a build has made, whoever has the name by now.
  const id = request.composition?.members[0]?.image ?? image.id
  // What was removed meanwhile was pushed all the same.
  await images.index.refer(withDigest(reference, digest), id, images.clock.now())
  images.emit('push', id, { name: familiarReference(reference) })
}

/** Sends all that a composition consists of, what names other things after those, and resolves with the digest of the whole. */
async function send(pushing: Pushing, target: PushPlace, request: Sent & { readonly composition: Composition }): Promise<Digest> {
  const { images, registries } = pushing
  const { composition, reference, report, signal } = request
  const laid: Laid[] = []
  for (const member of composition.members) {
    const image = images.resolve(member.image)
    laid.push({
      manifest: await sendContent(pushing, target, { ...request, image, member }),
      platform: normalPlatform(platformOf(image.config)),
    })
  }
  const { blobs, manifests, top } = compose(composition, laid)
  const { clock } = registries
  const put = (name: string, { bytes, descriptor: { mediaType } }: Document): Promise<void> =>
    retrying({ clock, signal }, () => target.putManifest(name, { bytes, mediaType }, signal))
  for (const blob of blobs) await sendWhenMissing(target, sendingOf(blob.descriptor.digest, blob.bytes), { signal, clock })
  for (const manifest of manifests) await put(manifest.descriptor.digest, manifest)
  await put(reference.tag ?? 'latest', top)
  const { digest, size } = top.descriptor
  report({ type: 'pushed', reference, digest, size })
  return digest
}

interface ContentRequest extends Sent {
  readonly image: Image
  readonly composition: Composition
  readonly member: Member
}

/** Sends layers and configuration, and resolves with the manifest that names them. */
async function sendContent(pushing: Pushing, target: PushPlace, request: ContentRequest): Promise<ImageManifest> {
  const { images, registries } = pushing
  const { image, signal, plain, composition, member } = request
  // Annotations make it another manifest, whose media types have to have room for them.
  const kept = member.annotations === undefined ? await keptManifest(images, image) : undefined
  const blobOf = (layer: Digest): Promise<LayerBlob> =>
    kept === undefined && !plain ? images.content.packedBlobOf(layer) : images.content.blobOf(layer)
  const layers = await pushLayers(pushing, target, { ...request, blobOf })
  const config = sendingOf(image.id, await images.content.blobs.read(image.id))
  await sendWhenMissing(target, config, { signal, clock: registries.clock })
  return kept ?? (await newManifest(images, image, { layers, plain: isPlain(composition) }))
}

/** What is sent of a small blob. */
export function sendingOf(digest: Digest, bytes: Buffer): Sending {
  return {
    digest,
    size: bytes.length,
    bytes: async function* (from) {
      yield bytes.subarray(from)
    },
  }
}

/** Sends a blob that the repository does not have. */
export async function sendWhenMissing(
  target: PushPlace,
  blob: Sending,
  { signal, clock }: { signal: AbortSignal; clock: Registries['clock'] },
): Promise<void> {
  const there = await retrying({ clock, signal }, () => target.has(blob.digest, signal))
  if (!there) await target.upload(blob, { signal, clock, onBytes: () => undefined })
}

interface LayersRequest extends PushRequest {
  readonly image: Image
  /** The blob to send for a layer. */
  readonly blobOf: (layer: Digest) => Promise<LayerBlob>
}

/** Resolves with the blobs that stand for the layers there, lowest first. */
async function pushLayers(pushing: Pushing, target: PushPlace, request: LayersRequest): Promise<readonly LayerBlob[]> {
  const stop = new AbortController()
  const signal = AbortSignal.any([request.signal, stop.signal])
  const permits = new Permits(uploadsAtOnce)
  const layers = [...new Set(request.image.layers)]
  for (const layer of layers) request.report({ type: 'layer', layer, phase: 'preparing' })
  const work = layers.map(async (layer) => {
    using _permit = await permits.acquire(signal)
    return [layer, await pushLayer(pushing, target, { ...request, layer, signal })] as const
  })
  try {
    const blobs = new Map(await Promise.all(work))
    return request.image.layers.flatMap((layer) => blobs.get(layer) ?? [])
  } catch (error) {
    stop.abort(error)
    await Promise.allSettled(work)
    throw error
  }
}

async function pushLayer(
  { images, registries }: Pushing,
  target: PushPlace,
  { layer, reference, report, signal, blobOf }: LayersRequest & { readonly layer: Digest },
): Promise<LayerBlob> {
  const { clock } = registries
  const tell = (phase: LayerPhase, more: { current?: number; total?: number; from?: string } = {}): void =>
    report({ type: 'layer', layer, phase, ...more })
  const blob = await blobOf(layer)
  if (await retrying({ clock, signal }, () => target.has(blob.digest, signal))) {
    tell('there already')
    return blob
  }
  const from = otherRepository(images, layer, reference)
  if (from !== undefined && (await retrying({ clock, signal }, () => target.mount(blob.digest, from, signal)))) {
    tell('mounted', { from })
    return blob
  }
  let last = -Infinity
  const onBytes = (current: number): void => {
    if (clock.now() - last < reportPause) return
    last = clock.now()
    tell('pushing', { current, total: blob.size })
  }
  const bytes = (at: number): AsyncIterable<Uint8Array> => images.content.bytes(blob, at)
  await target.upload({ ...blob, bytes }, { signal, clock, onBytes })
  tell('pushed')
  return blob
}

/** Another repository of the same registry that this layer was pulled from or pushed to. */
function otherRepository(images: Images, layer: Digest, { domain, path }: ImageReference): string | undefined {
  return images
    .list()
    .filter(({ layers }) => layers.includes(layer))
    .flatMap(({ references }) => references.map(parseImageReference))
    .find((known) => known.digest !== undefined && known.domain === domain && known.path !== path)?.path
}
