import { GalleyError } from '#base/error.ts'
import { isObject, type JsonObject } from '#base/json.ts'
import { mediaTypes } from '#content/manifests/media-types.ts'
import { isContentDigest, type ContentDigest } from './digest.ts'
import type { Referral } from './repositories.ts'

/** What a registry looks at in a manifest or index. */
export interface ReadManifest {
  readonly mediaType: string
  readonly blobs: readonly ContentDigest[]
  readonly manifests: readonly ContentDigest[]
  readonly refers?: Referral
}

const kinds: Readonly<Record<string, 'manifest' | 'index'>> = {
  [mediaTypes.ociManifest]: 'manifest',
  [mediaTypes.dockerManifest]: 'manifest',
  [mediaTypes.ociIndex]: 'index',
  [mediaTypes.dockerIndex]: 'index',
}

export function isIndexType(mediaType: string): boolean {
  return kinds[mediaType] === 'index'
}

/**
 * Reads a manifest or index, OCI or Docker schema 2, that a client sends as `sent`. What the document says it is, what it is sent as
 * and what it contains must agree: else two readers could see two images in it (CVE-2021-41190). Unknown fields are left alone.
 * Throws `invalid`.
 */
export function readManifest(bytes: Uint8Array, sent: string | undefined): ReadManifest {
  const json = objectOf(parse(bytes), 'the manifest')
  if (json['schemaVersion'] !== 2) throw invalid(`schemaVersion ${String(json['schemaVersion'])} is not supported`)
  const mediaType = typeOf(json, sent)
  const kind = Object.hasOwn(kinds, mediaType) ? kinds[mediaType] : undefined
  if (kind === undefined) throw invalid(`media type ${mediaType.slice(0, 100)} is not supported`)
  if (kind === 'index') {
    if (json['config'] !== undefined || json['layers'] !== undefined || json['fsLayers'] !== undefined)
      throw invalid('an index with configuration or layers')
    const manifests = listOf(json['manifests'], 'manifests').map(digestOf)
    return { mediaType, blobs: [], manifests, ...referralOf(json, undefined) }
  }
  if (json['manifests'] !== undefined || json['fsLayers'] !== undefined) throw invalid('an image manifest with manifests')
  const config = objectOf(json['config'], 'config')
  const layers = listOf(json['layers'], 'layers')
  const here = layers.filter((layer) => !isElsewhere(objectOf(layer, 'a layer')))
  layers.forEach(digestOf)
  return { mediaType, blobs: [digestOf(config), ...here.map(digestOf)], manifests: [], ...referralOf(json, textOf(config, 'mediaType')) }
}

function typeOf(json: JsonObject, sent: string | undefined): string {
  const own = textOf(json, 'mediaType')
  const outer = sent?.split(';')[0]?.trim().toLowerCase()
  if (own !== undefined && outer !== undefined && outer !== '' && own !== outer)
    throw invalid(`media type ${own.slice(0, 100)} was sent as ${outer.slice(0, 100)}`)
  return own ?? (outer || (json['manifests'] === undefined ? mediaTypes.ociManifest : mediaTypes.ociIndex))
}

/** A layer that only its maker hands out, such as Windows's. */
function isElsewhere(layer: JsonObject): boolean {
  const type = textOf(layer, 'mediaType') ?? ''
  return /\.foreign\.|nondistributable/.test(type)
}

function referralOf(json: JsonObject, configType: string | undefined): { refers?: Referral } {
  if (json['subject'] === undefined || json['subject'] === null) return {}
  const artifactType = textOf(json, 'artifactType') ?? configType
  return {
    refers: {
      subject: digestOf(json['subject']),
      ...(artifactType !== undefined && { artifactType }),
      ...(json['annotations'] !== undefined && { annotations: objectOf(json['annotations'], 'annotations') as Record<string, string> }),
    },
  }
}

function digestOf(value: unknown): ContentDigest {
  const { digest, size } = objectOf(value, 'a descriptor')
  if (typeof digest !== 'string' || !isContentDigest(digest)) throw invalid(`${String(digest).slice(0, 150)} is not a digest`)
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) throw invalid(`${String(size)} is not a size`)
  return digest
}

function textOf(json: JsonObject, name: string): string | undefined {
  const value = json[name]
  if (value === undefined || value === null || value === '') return undefined
  if (typeof value === 'string') return value
  throw invalid(`${name} is not a text`)
}

function listOf(value: unknown, what: string): readonly unknown[] {
  if (Array.isArray(value)) return value
  throw invalid(`${what} is not a list`)
}

function objectOf(value: unknown, what: string): JsonObject {
  if (isObject(value)) return value
  throw invalid(`${what} is not an object`)
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as unknown
  } catch (cause) {
    throw new GalleyError('invalid', 'manifest invalid: not JSON', { code: 'manifest.invalid', cause })
  }
}

function invalid(why: string): GalleyError {
  return new GalleyError('invalid', `manifest invalid: ${why}`, { code: 'manifest.invalid' })
}
