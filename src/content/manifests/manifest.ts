import { isDigest, type Digest } from '#base/digest.ts'
import { GalleyError } from '#base/error.ts'
import { isObject, type JsonObject } from '#base/json.ts'
import { mediaTypes } from './media-types.ts'

export interface Platform {
  readonly os: string
  readonly architecture: string
  readonly variant?: string
}

/** OCI image-spec, descriptor.md. */
export interface Descriptor {
  readonly mediaType: string
  readonly digest: Digest
  readonly size: number
  readonly annotations?: Readonly<Record<string, string>>
  readonly platform?: Platform
}

export interface Manifest {
  readonly type: 'manifest'
  readonly mediaType: string
  readonly config: Descriptor
  readonly layers: readonly Descriptor[]
}

export interface Index {
  readonly type: 'index'
  readonly mediaType: string
  readonly manifests: readonly Descriptor[]
}

/** Largest manifest that is read, as in containerd. */
export const largestManifest = 4 << 20

/**
 * Reads a manifest or an index, OCI or Docker schema 2. `served` is the media type that a registry gave with it, which must agree with
 * the content, as else two readers could see two images in one document (CVE-2021-41190). Throws `invalid`; schema 1 is `not implemented`.
 */
export function parseManifest(bytes: Uint8Array, served?: string): Manifest | Index {
  const json = objectOf(parseJson(bytes), 'manifest')
  if (json['schemaVersion'] === 1) {
    throw new GalleyError('not implemented', 'manifest schema version 1 is not supported', {
      code: 'manifest.schema1',
      advice: 'Push the image again with a tool of this decade: Docker 1.10 and newer write schema 2.',
    })
  }
  const manifest = readManifest(json)
  if (served !== undefined) checkServed(manifest, served, json['mediaType'])
  return manifest
}

function readManifest(json: JsonObject): Manifest | Index {
  if (Array.isArray(json['manifests'])) {
    if (json['config'] !== undefined || json['layers'] !== undefined) throw invalid('index with config or layers')
    return { type: 'index', mediaType: mediaTypeOf(json, mediaTypes.ociIndex), manifests: json['manifests'].map(descriptorOf) }
  }
  if (!Array.isArray(json['layers'])) throw invalid('neither manifests nor layers')
  return {
    type: 'manifest',
    mediaType: mediaTypeOf(json, mediaTypes.ociManifest),
    config: descriptorOf(json['config']),
    layers: json['layers'].map(descriptorOf),
  }
}

const typeOf: Readonly<Record<string, (Manifest | Index)['type']>> = {
  [mediaTypes.ociIndex]: 'index',
  [mediaTypes.dockerIndex]: 'index',
  [mediaTypes.ociManifest]: 'manifest',
  [mediaTypes.dockerManifest]: 'manifest',
}

function checkServed({ type }: Manifest | Index, served: string, own: unknown): void {
  if (typeOf[served] !== type) throw invalid(`content of an image ${type} with media type "${served}"`)
  if (own !== undefined && own !== served) throw invalid(`media type "${String(own)}" served as "${served}"`)
}

function mediaTypeOf(json: JsonObject, fallback: string): string {
  const found = json['mediaType']
  return typeof found === 'string' && found !== '' ? found : fallback
}

function descriptorOf(value: unknown): Descriptor {
  const json = objectOf(value, 'descriptor')
  const { digest, size } = json
  if (typeof digest !== 'string' || !isDigest(digest)) throw invalid(`digest ${String(digest)}`)
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) throw invalid(`size ${String(size)}`)
  const platform = json['platform'] === undefined ? {} : { platform: platformOf(json['platform']) }
  const annotations = json['annotations'] === undefined || json['annotations'] === null ? {} : { annotations: textsOf(json['annotations']) }
  return { mediaType: mediaTypeOf(json, ''), digest, size, ...platform, ...annotations }
}

function platformOf(value: unknown): Platform {
  const json = objectOf(value, 'platform')
  const text = (name: string): string => (typeof json[name] === 'string' ? json[name] : '')
  return { os: text('os'), architecture: text('architecture'), ...(text('variant') === '' ? {} : { variant: text('variant') }) }
}

function textsOf(value: unknown): Readonly<Record<string, string>> {
  const texts = Object.entries(objectOf(value, 'annotations')).filter((entry): entry is [string, string] => typeof entry[1] === 'string')
  return Object.assign(Object.create(null) as Record<string, string>, Object.fromEntries(texts))
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8')) as unknown
  } catch (cause) {
    throw new GalleyError('invalid', 'manifest is not valid JSON', { code: 'manifest.invalid', cause })
  }
}

function objectOf(value: unknown, what: string): JsonObject {
  if (isObject(value)) return value
  throw invalid(`${what} is not an object`)
}

function invalid(why: string): GalleyError {
  return new GalleyError('invalid', `invalid manifest: ${why}`, { code: 'manifest.invalid' })
}
