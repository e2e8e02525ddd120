import { familiarName, familiarReference, withDigest, withTag, type ImageReference } from '#base/image-reference.ts'
import { GalleyError } from '#base/error.ts'
import type { Descriptor, Manifest, Platform } from '#content/manifests/manifest.ts'
import { hostPlatform } from '#content/manifests/platform.ts'
import type { Credentials } from '#content/remote/credentials.ts'
import { isUnreachable } from '#content/remote/error.ts'
import { firstOf, type Registries } from '#content/remote/registries.ts'
import type { Repository } from '#content/remote/repository.ts'
import { retrying } from '#content/remote/retry.ts'
import { withRoomTold } from '#host/files/full-disk.ts'
import { pullError, unreachableError } from './pull-error.ts'
import { findManifest, type Found } from './find-manifest.ts'
import { largestConfig, parseImageConfig } from './image-config.ts'
import type { Images } from './images.ts'
import type { LayerFetcher, WantedLayer } from './layer-fetcher.ts'
import type { Image, ImageConfig } from './model.ts'
import { checkPlatform } from './platform-of.ts'
import type { ReportTransfer } from './transfer.ts'

/** Marks an image that was made here in another's name; its value is that name. */
export const standInLabel = 'dev.galley.stand-in'

/** Makes images here that no registry can be reached for. */
export interface StandIns {
  /**
   * Makes a stand-in for a reference with a tag and gives it that name; false when there is none for it. Asked only when the registry and
   * all its mirrors can't be reached, and no real image has the name: never after a refusal or a 404, and never for a digest.
   */
  make(reference: ImageReference, report: ReportTransfer, signal: AbortSignal): Promise<boolean>
  /** Whether `make` would make one. Throws `unavailable` for a tag that isn't answered. */
  offers(reference: ImageReference): Promise<boolean>
}

export interface Pulling {
  readonly images: Images
  readonly registries: Registries
  readonly layers: LayerFetcher
  /** Where all of it lies: how full its disk is is told when something does not fit. */
  readonly directory: string
  readonly standIns?: StandIns | undefined
}

export interface PullRequest {
  /** With a tag or a digest, or with neither for all tags. */
  readonly reference: ImageReference
  readonly platform: Platform | undefined
  readonly credentials: Credentials | undefined
  readonly report: ReportTransfer
  readonly signal: AbortSignal
}

/** Milliseconds in which one of a registry's endpoints must be reached, before a stand-in is made. */
const outageLimit = 3000

/** `docker pull`. Throws `not found` (also for a refusal, as Docker does), `unavailable`, `invalid`, `throttled`. */
export async function pullImage(pulling: Pulling, request: PullRequest): Promise<void> {
  const { reference } = request
  const all = reference.tag === undefined && reference.digest === undefined
  for (const one of all ? await everyTag(pulling, request) : [reference])
    await withRoomTold(pulling.directory, () => pullOne(pulling, { ...request, reference: one }))
}

/** Asks for an image, and brings nothing: throws what `pullImage` would for one that no registry has, or lets be had. */
export async function checkPull(pulling: Pulling, request: Omit<PullRequest, 'report'>): Promise<void> {
  const standIns = pulling.standIns && { make: pulling.standIns.offers.bind(pulling.standIns) }
  await findOrStandIn({ ...pulling, standIns }, { ...request, report: () => undefined })
}

async function everyTag({ registries }: Pulling, { reference, credentials, signal }: PullRequest): Promise<readonly ImageReference[]> {
  try {
    const { value } = await firstOf(registries.sources(reference, credentials), (source) => source.tags({ signal }))
    return value.map((tag) => withTag(reference, tag))
  } catch (error) {
    throw isUnreachable(error) ? unreachableError(reference, error) : pullError(reference, error)
  }
}

async function pullOne(pulling: Pulling, request: PullRequest): Promise<void> {
  const { reference } = request
  const found = await findOrStandIn(pulling, request)
  if (found === undefined) return
  request.report({ type: 'pulling', reference })
  try {
    using _held = pulling.images.hold(found.manifest.config.digest)
    const before = pulling.images.findByName(reference)
    const image = await bring(pulling, request, found)
    await rename(pulling.images, { reference, found, image })
    if (before !== undefined && before.id !== image.id) await discardStandIn(pulling.images, before)
    request.report({ type: 'pulled', reference, digest: found.digest, fresh: before?.id !== image.id })
  } catch (error) {
    throw pullError(reference, error)
  }
}

/** The manifest, or undefined when a stand-in took its place. */
async function findOrStandIn(
  { images, registries, standIns }: Pick<Pulling, 'images' | 'registries'> & { readonly standIns?: Pick<StandIns, 'make'> | undefined },
  request: PullRequest,
): Promise<Found | undefined> {
  const { reference } = request
  const here = images.findByName(reference)
  const replaceable = reference.digest === undefined && (here === undefined || isStandIn(here)) && isForHere(request.platform)
  const limit = standIns !== undefined && replaceable ? outageLimit : undefined
  try {
    return await findManifest(registries, { ...request, limit })
  } catch (error) {
    if (!isUnreachable(error)) throw pullError(reference, error)
    if (limit !== undefined && (await standIns?.make(reference, request.report, request.signal)) === true) return undefined
    throw unreachableError(reference, error)
  }
}

async function bring({ images, layers }: Pulling, request: PullRequest, { manifest, kept, sources }: Found): Promise<Image> {
  const here = images.find(manifest.config.digest)
  if (here !== undefined) {
    if (request.platform !== undefined) checkPlatform(request.reference, here.config, request.platform)
    return here
  }
  return await images.content.whileAdding(async () => {
    const [bytes, config] = await retrying({ ...request, clock: images.clock }, () => fetchConfig(manifest, sources, request))
    const stop = new AbortController()
    const fetching = { sources, report: request.report, signal: AbortSignal.any([request.signal, stop.signal]) }
    const arriving = wantedLayers(manifest, config).map((layer) => layers.fetch(layer, fetching))
    try {
      await Promise.all(arriving)
    } catch (error) {
      stop.abort(error)
      await Promise.allSettled(arriving)
      throw error
    }
    const image = await images.add(bytes)
    await images.content.keep('manifest', image.id, kept)
    return image
  })
}

async function fetchConfig(
  manifest: Manifest,
  sources: readonly Repository[],
  { reference, platform, signal }: PullRequest,
): Promise<readonly [Buffer, ImageConfig]> {
  const { digest, size } = manifest.config
  if (size > largestConfig)
    throw new GalleyError('too large', `the configuration of ${familiarReference(reference)} is larger than ${largestConfig} bytes`)
  const { value } = await firstOf(sources, (source) => source.smallBlob(digest, size, { signal }))
  const config = parseImageConfig(value)
  if (platform !== undefined) checkPlatform(reference, config, platform)
  return [value, config]
}

/** Each layer once, with what it must unpack to. */
function wantedLayers({ layers }: Manifest, { rootfs }: ImageConfig): readonly WantedLayer[] {
  if (layers.length !== rootfs.diff_ids.length) {
    throw new GalleyError('invalid', `invalid image: ${layers.length} layers, but the configuration names ${rootfs.diff_ids.length}`, {
      code: 'image.layers',
    })
  }
  for (const layer of layers) checkDistributable(layer)
  const wanted = new Map<string, WantedLayer>()
  for (const [index, diffId] of rootfs.diff_ids.entries()) {
    const descriptor = layers[index]
    if (descriptor !== undefined) wanted.set(`${descriptor.digest} ${diffId}`, { descriptor, diffId })
  }
  return [...wanted.values()]
}

/** Layers that only their maker may hand out are Windows's; their addresses could be anybody's. */
function checkDistributable({ mediaType, digest }: Descriptor): void {
  if (!/foreign|nondistributable/.test(mediaType)) return
  throw new GalleyError('not implemented', `layer ${digest} is a foreign layer (${mediaType}), which is not supported`, {
    code: 'layer.foreign',
  })
}

async function rename(
  images: Images,
  { reference, found, image }: { reference: ImageReference; found: Found; image: Image },
): Promise<void> {
  if (reference.digest === undefined && images.index.find(reference)?.id !== image.id) await images.refer(reference, image.id)
  await images.refer(withDigest(reference, found.digest), image.id)
  images.emit('pull', image.id, { name: familiarName(reference) })
}

/** A stand-in is made of this machine's own packages. */
function isForHere(platform: Platform | undefined): boolean {
  const here = hostPlatform()
  return platform === undefined || (platform.os === here.os && platform.architecture === here.architecture)
}

function isStandIn({ config }: Image): boolean {
  return config.config?.Labels?.[standInLabel] !== undefined
}

/** A stand-in that lost its name to the real image goes, unless something uses it. */
async function discardStandIn(images: Images, { id }: Image): Promise<void> {
  const image = images.index.get(id)
  if (image !== undefined && isStandIn(image)) await images.deleteUnused(id)
}
