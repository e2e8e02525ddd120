import { digestOf, hexOf, type Digest } from '#base/digest.ts'
import { attestationManifest, documentOf, type Attestation, type Document, type Subject } from '#content/manifests/attestation.ts'
import type { Descriptor, Platform } from '#content/manifests/manifest.ts'
import { mediaTypes } from '#content/manifests/media-types.ts'
import type { Images } from './images.ts'
import type { ImageManifest } from './manifest-of.ts'

type Annotations = Readonly<Record<string, string>>

/** What goes elsewhere under one name: an image, or an index of images and of what is said of them. */
export interface Composition {
  readonly members: readonly Member[]
  /** Set for an index; one image with attestations has one in any case. */
  readonly index?: IndexParts | undefined
  /** Whether attestations are artifacts: see `attestationManifest`. */
  readonly artifacts?: boolean | undefined
}

/** An image of this store, and what it has beside its content. */
export interface Member {
  readonly image: Digest
  /** Of its manifest, and of the entry that names it in an index. */
  readonly annotations?: Annotations | undefined
  readonly descriptorAnnotations?: Annotations | undefined
  readonly attestations?: readonly Attestation[] | undefined
  /** Names of the image in its attestations. */
  readonly subjects?: readonly string[] | undefined
}

interface IndexParts {
  readonly annotations?: Annotations | undefined
  /** Of the entry that names the index in an image layout. */
  readonly descriptorAnnotations?: Annotations | undefined
}

/** An image's manifest as it goes out. */
export interface Laid {
  readonly manifest: ImageManifest
  readonly platform: Platform
}

/** All documents of a composition beside the images' own blobs; each names only those before it, and the last one is the whole. */
export interface Composed {
  readonly blobs: readonly Document[]
  readonly manifests: readonly Document[]
  readonly top: Document
}

export function isPlain({ members, index }: Composition): boolean {
  const isBare = ({ annotations = {}, descriptorAnnotations = {}, attestations = [] }: Member): boolean =>
    Object.keys({ ...annotations, ...descriptorAnnotations }).length === 0 && attestations.length === 0
  return index === undefined && members.length === 1 && members.every(isBare)
}

/** Puts together what a composition comes to; `laid` has its members' manifests. Pure. */
export function compose({ members, index, artifacts = true }: Composition, laid: readonly Laid[]): Composed {
  const images = members.map((member, at) => memberOf(member, laid[at], artifacts))
  const isIndex = index !== undefined || images.length > 1 || images.some(({ said }) => said !== undefined)
  const [first] = images
  if (!isIndex && first !== undefined) return { blobs: [], manifests: [], top: first.manifest }
  const said = images.flatMap((image) => image.said ?? [])
  const manifests = [...images.map(({ manifest }) => manifest), ...said.map(({ manifest }) => manifest)]
  const content = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociIndex,
    manifests: manifests.map(({ descriptor }) => descriptor),
    ...given('annotations', index?.annotations),
  }
  const top = documentOf(content, mediaTypes.ociIndex, given('annotations', index?.descriptorAnnotations))
  return { blobs: said.flatMap(({ blobs }) => blobs), manifests, top }
}

function memberOf(
  { annotations, descriptorAnnotations, attestations = [], subjects = [] }: Member,
  laid: Laid | undefined,
  artifact: boolean,
): { readonly manifest: Document; readonly said: ReturnType<typeof attestationManifest> | undefined } {
  if (laid === undefined) throw new Error('a member of a composition has no manifest')
  const { bytes, mediaType } = annotated(laid.manifest, annotations)
  const descriptor: Descriptor = {
    mediaType,
    digest: digestOf(bytes),
    size: bytes.length,
    platform: laid.platform,
    ...given('annotations', descriptorAnnotations),
  }
  const digest = { sha256: hexOf(descriptor.digest) }
  // A statement about nothing would be none.
  const about: Subject[] = (subjects.length === 0 ? ['_'] : subjects).map((name) => ({ name, digest }))
  const said = attestations.length === 0 ? undefined : attestationManifest(descriptor, attestations, { subjects: about, artifact })
  return { manifest: { bytes, descriptor }, said }
}

function annotated(manifest: ImageManifest, annotations: Annotations = {}): ImageManifest {
  if (Object.keys(annotations).length === 0) return manifest
  const json = JSON.parse(manifest.bytes.toString('utf8')) as { readonly annotations?: Annotations }
  return { ...manifest, bytes: Buffer.from(JSON.stringify({ ...json, annotations: { ...json.annotations, ...annotations } })) }
}

function given<K extends string>(name: K, annotations: Annotations = {}): { readonly [name in K]?: Annotations } {
  return Object.keys(annotations).length === 0 ? {} : ({ [name]: annotations } as { readonly [name in K]: Annotations })
}

/** Keeps with an image what it goes elsewhere with; a plain composition takes away what was kept. Call within `whileAdding`. */
export async function keepComposition({ content }: Images, image: Digest, composition: Composition): Promise<void> {
  if (isPlain(composition)) return content.forget('composition', image)
  const bytes = Buffer.from(JSON.stringify(composition))
  await content.keep('composition', image, { bytes, mediaType: 'application/json' })
}

/** What an image goes elsewhere with, alone. */
export async function compositionOf({ content }: Images, image: Digest): Promise<Composition> {
  const kept = await content.kept('composition', image)
  return kept === undefined ? { members: [{ image }] } : (JSON.parse(kept.bytes.toString('utf8')) as Composition)
}
