import type { Digest } from '#base/digest.ts'
import { GalleyError } from '#base/error.ts'
import { canonicalReference, parseImageReference, withDefaultTag, type ImageReference } from '#base/image-reference.ts'
import type { BuildResult } from '#build/build.ts'
import { annotationLevels, type Annotation, type AnnotationLevel, type ImageParts, type Output } from '#build/request.ts'
import { parsePlatform } from '#content/manifests/platform.ts'
import type { Exports } from './build-work.ts'
import type { BlobStore, Client } from './client.ts'
import { unsupported } from './frontend/options.ts'
import type { solveRequest } from './messages/control.ts'
import { layOut } from './session/image-layout.ts'
import type { Message } from './wire/message.ts'

/** What a client wants to have done with the result. */
export interface Exporter {
  readonly type: string
  readonly attributes: ReadonlyMap<string, string>
}

/**
 * Attributes that are carried out, or that say nothing here: archives have `oci-mediatypes` anyway, and with an epoch nothing that a build
 * makes is younger, so that there is nothing for `rewrite-timestamp`. What the engine makes needs no `load`, which docker compose asks for where
 * it builds without buildx.
 */
const carried =
  /^(name|push|tar|dest|context|prefer-image-digest|registry\.insecure|source-date-epoch|rewrite-timestamp|unpack|store|oci-mediatypes|oci-artifact|load|attestation-prefix|buildinfo-attrs)$/

/** Throws `not implemented` for attributes that would otherwise be passed over in silence. */
function check({ type, attributes }: Exporter): void {
  for (const [name, value] of attributes)
    if (!carried.test(name) && !isAnnotation(type, name) && !['', '0', 'false'].includes(value))
      throw unsupported(`the attribute ${name} of the output ${type}`)
  if (!isOn(attributes, 'store', true)) throw unsupported(`the output ${type} with store=false`)
}

export function exportersOf({ exporters, exporter, exporterAttributes }: Message<typeof solveRequest>): Exporter[] {
  if (exporters.length > 0 || exporter === '') return exporters
  return [{ type: exporter, attributes: exporterAttributes }]
}

/** Who gets the outputs, and is told what a client has to know of them. */
export interface Receiver {
  readonly client: Client
  readonly signal: AbortSignal
  /** Adds to what the client is told of the result. */
  readonly note: (name: string, value: string) => void
}

/** The outputs that exporters stand for. A client that names none wants no more than the cache filled. */
export function exportsOf(exporters: readonly Exporter[], { client, signal, note }: Receiver): Exports {
  exporters.forEach(check)
  const outputs = exporters.map(({ type, attributes }, index): Output => {
    if (type === 'image' || type === 'moby') return { kind: 'image', push: isOn(attributes, 'push'), ...partsOf(attributes) }
    if (type === 'docker' || type === 'oci') {
      return {
        kind: 'archive',
        form: type,
        names: namesOf(attributes),
        ...partsOf(attributes),
        sink:
          attributes.get('tar') === 'false'
            ? layout(client.blobs('export', signal), note)
            : (bytes) => client.takeFile(index, bytes, signal),
      }
    }
    const prefix = attributes.get('attestation-prefix')
    const files = prefix === undefined ? {} : { attestationPrefix: prefix }
    if (type === 'tar') return { kind: 'tar', ...files, sink: (bytes) => client.takeFile(index, bytes, signal) }
    if (type === 'local') return { kind: 'files', ...files, sink: (branches) => client.takeDirectories(index, branches, signal) }
    throw new GalleyError('invalid', `exporter "${type}" could not be found`, { code: 'buildkit.exporter', subject: type })
  })
  const tags = exporters.filter(({ type }) => type === 'image' || type === 'moby').flatMap(({ attributes }) => namesOf(attributes))
  return { tags, outputs }
}

const annotationName = new RegExp(`^annotation(?:-(${annotationLevels.join('|')}))?(?:\\[([\\w/.-]+)\\])?\\.(\\S+)$`)

function isAnnotation(type: string, name: string): boolean {
  return !['tar', 'local'].includes(type) && annotationName.test(name)
}

/** `annotation.KEY`, `annotation-index.KEY`, `annotation[linux/arm64].KEY`. Throws `invalid` for a platform that can't be. */
function partsOf(attributes: ReadonlyMap<string, string>): ImageParts {
  const annotations = [...attributes].flatMap(([name, value]): Annotation[] => {
    const [, level = 'manifest', platform, key] = annotationName.exec(name) ?? []
    if (key === undefined) return []
    return [{ level: level as AnnotationLevel, key, value, ...(platform !== undefined && { platform: parsePlatform(platform) }) }]
  })
  return { annotations: annotations.toSorted((a, b) => (a.key < b.key ? -1 : 1)), artifacts: isOn(attributes, 'oci-artifact', true) }
}

/** Blobs go into a directory of the client that is laid out as an image layout, and whose index it writes itself. */
function layout(store: BlobStore, note: Receiver['note']): (bytes: AsyncIterable<Uint8Array>) => Promise<void> {
  return async (bytes) => {
    const descriptor = await layOut(store, bytes)
    note('containerimage.descriptor', Buffer.from(JSON.stringify(descriptor)).toString('base64'))
    note('containerimage.digest', descriptor.digest)
  }
}

/** What the client is told of the result. */
export function answerOf(exporters: readonly Exporter[], result: BuildResult, pushed: Digest | undefined): Map<string, string> {
  const names = exporters.flatMap(({ attributes }) => namesOf(attributes)).map((name) => canonicalReference(withDefaultTag(name)))
  return new Map([...digestsOf(result, pushed), ...(names.length === 0 ? [] : [['image.name', names.join(',')] as const])])
}

/** Images of several platforms are one thing only by the digest of their index. */
function digestsOf({ id, others = [] }: BuildResult, pushed: Digest | undefined): (readonly [string, string])[] {
  if (others.length > 0) return pushed === undefined ? [] : [['containerimage.digest', pushed]]
  return [
    ['containerimage.digest', pushed ?? id],
    ['containerimage.config.digest', id],
  ]
}

function namesOf(attributes: ReadonlyMap<string, string>): ImageReference[] {
  return (attributes.get('name') ?? '')
    .split(',')
    .filter((name) => name !== '')
    .map(parseImageReference)
}

function isOn(attributes: ReadonlyMap<string, string>, name: string, fallback = false): boolean {
  const value = attributes.get(name)
  return value === undefined ? fallback : !['0', 'f', 'false'].includes(value.toLowerCase())
}
