import type { Digest } from '#base/digest.ts'
import { GalleyError } from '#base/error.ts'
import { familiarReference, type ImageReference } from '#base/image-reference.ts'
import type { Manifest, Platform } from '#content/manifests/manifest.ts'
import { mediaTypes } from '#content/manifests/media-types.ts'
import { choosePlatform, formatPlatform, hostPlatform } from '#content/manifests/platform.ts'
import type { Credentials } from '#content/remote/credentials.ts'
import { firstOf, startingWith, type Registries } from '#content/remote/registries.ts'
import type { Repository } from '#content/remote/repository.ts'
import type { KeptManifest } from './content.ts'

export interface Found {
  readonly manifest: Manifest
  /** The manifest as it came. */
  readonly kept: KeptManifest
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

const configTypes: ReadonlySet<string> = new Set([mediaTypes.ociConfig, mediaTypes.dockerConfig])

/** Asks a reference's mirrors and registry for its manifest, for `platform` or this machine's. Throws `not found`, `invalid`, `unavailable`. */
export async function findManifest(registries: Registries, { reference, platform, credentials, signal, limit }: Wanted): Promise<Found> {
  const all = registries.sources(reference, credentials)
  const { source, value } = await firstOf(
    all,
    (each, patience) => each.manifest(reference, { signal, ...patience }),
    limit === undefined ? undefined : { clock: registries.clock, within: limit },
  )
  const sources = startingWith(source, all)
  if (value.parsed.type === 'manifest')
    return { manifest: checkIsImage(reference, value.parsed), kept: value, digest: value.digest, sources }
  const wanted = platform ?? hostPlatform()
  const entry = choosePlatform(value.parsed.manifests, wanted)
  if (entry === undefined) throw noPlatform(reference, wanted)
  const chosen = await firstOf(sources, (each) => each.manifest({ digest: entry.digest }, { signal }))
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
