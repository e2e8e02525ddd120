import { digestOf, type Digest } from '#base/digest.ts'
import { GalleyError } from '#base/error.ts'
import type { ImageReference } from '#base/image-reference.ts'
import { documentOf, type Document } from '#content/manifests/attestation.ts'
import { parseManifest, type Descriptor, type Index, type Manifest } from '#content/manifests/manifest.ts'
import { mediaTypes } from '#content/manifests/media-types.ts'
import type { Credentials } from '#content/remote/credentials.ts'
import { isUnreachable, RegistryError } from '#content/remote/error.ts'
import { firstOf, startingWith, type Registries } from '#content/remote/registries.ts'
import type { RemoteManifest, Repository } from '#content/remote/repository.ts'
import { retrying } from '#content/remote/retry.ts'
import { pullError, unreachableError } from './pull-error.ts'
import { pushTo, sendingOf, sendWhenMissing, type Pushing, type PushPlace } from './push.ts'

/** What is kept in a registry and is no image (OCI image-spec, Guidelines for Artifact Usage). */
export interface ArtifactKind {
  readonly artifactType: string
  /** Media type of the configuration by which registries and clients of OCI 1.0 know it. */
  readonly oldConfig: string
}

export interface ArtifactLayer {
  readonly mediaType: string
  readonly annotations: Readonly<Record<string, string>>
  readonly bytes: Buffer
}

/** The version of OCI's specification that its manifest is written by. */
export type OciVersion = '1.0' | '1.1'

export interface PushedArtifact extends ArtifactKind {
  readonly reference: ImageReference
  readonly layers: readonly ArtifactLayer[]
  /** The newest that the registry takes, when absent. */
  readonly ociVersion?: OciVersion | undefined
}

interface Access {
  readonly credentials: Credentials | undefined
  readonly signal: AbortSignal
}

/** Pushes an artifact; resolves with its digest. Throws as `pushImage`. */
export async function pushArtifact(
  pushing: Pick<Pushing, 'own' | 'registries'>,
  artifact: PushedArtifact,
  access: Access,
): Promise<Digest> {
  const { clock } = pushing.registries
  const { signal } = access
  const send = async (target: PushPlace, ociVersion: OciVersion): Promise<Digest> => {
    const { manifest, blobs } = documents(artifact, ociVersion, new Date(clock.now()))
    for (const { bytes, descriptor } of blobs) await sendWhenMissing(target, sendingOf(descriptor.digest, bytes), { signal, clock })
    const { mediaType, digest } = manifest.descriptor
    await retrying({ clock, signal }, () =>
      target.putManifest(artifact.reference.tag ?? 'latest', { bytes: manifest.bytes, mediaType }, signal),
    )
    return digest
  }
  let digest: Digest | undefined
  await pushTo(pushing, { reference: artifact.reference, credentials: access.credentials }, async (target) => {
    digest = await send(target, artifact.ociVersion ?? '1.1').catch((error: unknown) => {
      if (artifact.ociVersion !== undefined || !isRefusal(error)) throw error
      return send(target, '1.0')
    })
  })
  if (digest === undefined) throw new GalleyError('internal', 'nothing was pushed')
  return digest
}

/** What a registry that knows no artifact types answers. */
function isRefusal(error: unknown): boolean {
  return error instanceof RegistryError && error.status >= 400 && error.status < 500 && ![401, 403, 407].includes(error.status)
}

function documents(
  { artifactType, oldConfig, layers }: PushedArtifact,
  ociVersion: OciVersion,
  created: Date,
): { readonly manifest: Document; readonly blobs: readonly Document[] } {
  const isNew = ociVersion === '1.1'
  const config = documentOf({}, isNew ? mediaTypes.ociEmpty : oldConfig)
  const blobs = layers.map(({ mediaType, annotations, bytes }) => ({ bytes, descriptor: describe(bytes, mediaType, annotations) }))
  const manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    ...(isNew && { artifactType }),
    config: { ...config.descriptor, data: config.bytes.toString('base64') },
    layers: blobs.map(({ descriptor }) => descriptor),
    annotations: { 'org.opencontainers.image.created': `${created.toISOString().slice(0, 19)}Z` },
  }
  return { manifest: documentOf(manifest, mediaTypes.ociManifest), blobs: [config, ...blobs] }
}

function describe(bytes: Buffer, mediaType: string, annotations: Readonly<Record<string, string>>): Descriptor {
  return { mediaType, digest: digestOf(bytes), size: bytes.length, annotations }
}

/** Bytes of one file, and files, of an artifact that is pulled, as they are held in memory: far more than texts have. */
const limits = { layer: 4 << 20, layers: 256 } as const

export interface PulledArtifact {
  readonly digest: Digest
  readonly layers: readonly ArtifactLayer[]
}

export interface WantedArtifact extends ArtifactKind {
  readonly reference: ImageReference
  /** What is thrown when something else has its name, of this media type. */
  readonly otherKind: (mediaType: string) => GalleyError
  /** What is thrown when it is larger than `limits`. */
  readonly tooLarge: () => GalleyError
}

/** Pulls an artifact of a kind, also out of an index that has one beside images. Throws as a pull does, and what the caller calls anything else. */
export async function pullArtifact(
  registries: Registries,
  wanted: WantedArtifact,
  { credentials, signal }: Access,
): Promise<PulledArtifact> {
  const { reference } = wanted
  try {
    const all = registries.sources(reference, credentials)
    const { source, value } = await firstOf(all, (each) => each.manifest(reference, { signal }))
    const manifest = await artifactIn(source, value, wanted, signal)
    return {
      digest: value.digest,
      layers: await layersOf(startingWith(source, all), manifest, { tooLarge: wanted.tooLarge, signal }),
    }
  } catch (error) {
    throw isUnreachable(error) ? unreachableError(reference, error) : pullError(reference, error)
  }
}

async function artifactIn(
  source: Repository,
  { bytes, parsed }: Pick<RemoteManifest, 'bytes' | 'parsed'>,
  wanted: WantedArtifact,
  signal: AbortSignal,
): Promise<Manifest> {
  const json = JSON.parse(bytes.toString('utf8')) as { artifactType?: unknown; manifests?: readonly { artifactType?: unknown }[] }
  if (parsed.type === 'manifest') {
    const isKind =
      json.artifactType === undefined ? parsed.config.mediaType === wanted.oldConfig : json.artifactType === wanted.artifactType
    if (isKind) return parsed
    throw wanted.otherKind(String(json.artifactType ?? parsed.config.mediaType))
  }
  const member = memberOf(parsed, json.manifests?.findIndex(({ artifactType }) => artifactType === wanted.artifactType) ?? -1)
  if (member === undefined) throw wanted.otherKind(parsed.mediaType)
  const { bytes: inner } = await source.manifest({ digest: member.digest }, { signal })
  const found = parseManifest(inner)
  if (found.type === 'manifest') return found
  throw wanted.otherKind(found.mediaType)
}

function memberOf({ manifests }: Index, index: number): Descriptor | undefined {
  return manifests[index]
}

async function layersOf(
  sources: readonly Repository[],
  { layers }: Manifest,
  { tooLarge, signal }: Pick<WantedArtifact, 'tooLarge'> & Pick<Access, 'signal'>,
): Promise<ArtifactLayer[]> {
  if (layers.length > limits.layers || layers.some(({ size }) => size > limits.layer)) throw tooLarge()
  const pulled: ArtifactLayer[] = []
  for (const { digest, size, mediaType, annotations = {} } of layers) {
    const { value: bytes } = await firstOf(sources, (each) => each.smallBlob(digest, size, { signal }))
    pulled.push({ mediaType, annotations, bytes })
  }
  return pulled
}
