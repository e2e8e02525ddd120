import { digestOf } from '#base/digest.ts'
import type { Descriptor } from './manifest.ts'
import { mediaTypes } from './media-types.ts'

/** What is said of an image: how it was built, or what it consists of. */
export interface Attestation {
  /** URI of the predicate's form, such as `https://slsa.dev/provenance/v1`. */
  readonly predicateType: string
  /** JSON. */
  readonly predicate: unknown
}

/** What a statement is about: a name, and the digest's hexadecimal digits by algorithm. */
export interface Subject {
  readonly name: string
  readonly digest: Readonly<Record<string, string>>
}

/** A document that others name by its digest. */
export interface Document {
  readonly bytes: Buffer
  readonly descriptor: Descriptor
}

const artifactType = 'application/vnd.docker.attestation.manifest.v1+json'
const nowhere = { os: 'unknown', architecture: 'unknown' } as const

/** An attestation about its subjects (in-toto attestation framework, Statement v1). */
export function statementOf({ predicateType, predicate }: Attestation, subject: readonly Subject[]): object {
  return { _type: 'https://in-toto.io/Statement/v1', predicateType, subject, predicate }
}

/**
 * What carries attestations in an index, in BuildKit's form (its docs, attestation-storage.md): a manifest with a layer for each, which
 * no client takes for an image. As an `artifact` it names the image's manifest, so that a registry lists it as a referrer; else it has a
 * configuration, as older registries want.
 */
export function attestationManifest(
  image: Descriptor,
  attestations: readonly Attestation[],
  { subjects, artifact }: { readonly subjects: readonly Subject[]; readonly artifact: boolean },
): { readonly manifest: Document; readonly blobs: readonly Document[] } {
  const statements = attestations.map((attestation) => {
    const annotations = { 'in-toto.io/predicate-type': attestation.predicateType }
    return documentOf(statementOf(attestation, subjects), mediaTypes.inToto, { annotations })
  })
  const config = artifact ? documentOf({}, mediaTypes.ociEmpty) : documentOf(configOf(statements), mediaTypes.ociConfig)
  const { mediaType, digest, size } = image
  const manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    ...(artifact && { artifactType }),
    config: config.descriptor,
    layers: statements.map(({ descriptor }) => descriptor),
    ...(artifact && { subject: { mediaType, digest, size } }),
  }
  const annotations = { 'vnd.docker.reference.type': 'attestation-manifest', 'vnd.docker.reference.digest': digest }
  return {
    manifest: documentOf(manifest, mediaTypes.ociManifest, { annotations, platform: nowhere }),
    blobs: [config, ...statements],
  }
}

export function documentOf(content: unknown, mediaType: string, more: Pick<Descriptor, 'annotations' | 'platform'> = {}): Document {
  const bytes = Buffer.from(JSON.stringify(content))
  return { bytes, descriptor: { mediaType, digest: digestOf(bytes), size: bytes.length, ...more } }
}

function configOf(layers: readonly Document[]): object {
  return { ...nowhere, config: {}, rootfs: { type: 'layers', diff_ids: layers.map(({ descriptor }) => descriptor.digest) } }
}
