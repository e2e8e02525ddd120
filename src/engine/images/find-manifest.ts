import type { Digest } from '#base/digest.ts'
import { GalleyError } from '#base/error.ts'
import { familiarReference, type ImageReference } from '#base/image-reference.ts'
import type { Manifest, Platform } from '#content/manifests/manifest.ts'
import { mediaTypes } from '#content/manifests/media-types.ts'
import { choosePlatform, formatPlatform, hostPlatform } from '#content/manifests/platform.ts'
import type { Credentials } from '#content/remote/credentials.ts'
import { isUnreachable } from '#content/remote/error.ts'
import { firstOf, startingWith, type Registries } from '#content/remote/registries.ts'
import type { RemoteManifest, Repository } from '#content/remote/repository.ts'
import { retrying } from '#content/remote/retry.ts'
import type { Beside } from './content.ts'

export interface Found {
  readonly manifest: Manifest
  /** The manifest as it came. */
  readonly kept: Beside
  /** What the reference stands for: of several platforms the index's digest. */
  readonly digest: Digest
  /** The one that had it first. */
  readonly sources: readonly Repository[]
}

export interface Wanted {
  readonly reference: ImageReference
  readonly platform: Platform | undefined
  readonly credentials: Credentials | undefined
  readonly signal: AbortSignal
  /** Milliseconds in which an endpoint must be reached. */
  readonly limit: number | undefined
}

const manifestAttempts = 3

const configTypes: ReadonlySet<string> = new Set([mediaTypes.ociConfig, mediaTypes.dockerConfig])

/** Asks a reference's mirrors and registry for its manifest, for `platform` or this machine's. Throws `not found`, `invalid`, `unavailable`. */
export async function findManifest(registries: Registries, { reference, platform, credentials, signal, limit }: Wanted): Promise<Found> {
  const all = registries.sources(reference, credentials)
  // Somebody who answers, but not well, may do better soon; that nobody answers is to be decided at once.
  const patiently = { clock: registries.clock, signal, attempts: manifestAttempts, unless: isUnreachable }
  const within = limit === undefined ? undefined : { clock: registries.clock, within: limit }
  const ask = (from: readonly Repository[], what: Pick<ImageReference, 'tag' | 'digest'>): ReturnType<typeof firstOf<RemoteManifest>> =>
    retrying(patiently, () => firstOf(from, (each, patience) => each.manifest(what, { signal, ...patience }), within))
  const { source, value } = await ask(all, reference)
  const sources = startingWith(source, all)
  if (value.parsed.type === 'manifest')
    return { manifest: checkIsImage(reference, value.parsed), kept: value, digest: value.digest, sources }
  const wanted = platform ?? hostPlatform()
  const entry = choosePlatform(value.parsed.manifests, wanted)
  if (entry === undefined) throw noPlatform(reference, wanted)
  const chosen = await ask(sources, { digest: entry.digest })
  if (chosen.value.parsed.type === 'manifest') {
    return { manifest: checkIsImage(reference, chosen.value.parsed), kept: chosen.value, digest: value.digest, sources }
  }
  throw new GalleyError('invalid', `invalid image ${familiarReference(reference)}: an index within an index`, { code: 'manifest.nested' })
}

/** Registries also hold charts, modules and signatures. */
function checkIsImage(reference: ImageReference, manifest: Manifest): Manifest {
  const { mediaType } = manifest.config
  if (configTypes.has(mediaType)) return manifest
  throw new GalleyError('invalid', `${familiarReference(reference)} is not a container image: unsupported media type ${mediaType}`, {
    code: 'manifest.artifact',
    subject: familiarReference(reference),
  })
}

function noPlatform(reference: ImageReference, wanted: Platform): GalleyError {
  const name = familiarReference(reference)
  return new GalleyError('not found', `no matching manifest for ${formatPlatform(wanted)} in the manifest list entries`, {
    code: 'image.no-platform',
    subject: name,
  })
}
