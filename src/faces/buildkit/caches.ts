import { GalleyError } from '#base/error.ts'
import { parseImageReference } from '#base/image-reference.ts'
import { hostPlatform } from '#content/manifests/platform.ts'
import type { CacheMode, CacheSource, CacheTarget } from '#build/request.ts'
import type { Client } from './client.ts'
import type { Receiver } from './exports.ts'
import type { FrontendOptions } from './frontend/options.ts'
import { archiveOf, layOut } from './session/image-layout.ts'

/** A cache that a client names: `type=registry,ref=…` and the like. */
export interface CacheOption {
  readonly type: string
  readonly attributes: ReadonlyMap<string, string>
}

/** Where a build looks for steps' results. Throws `invalid`, and `not implemented` for kinds that there is nothing for. */
export function cacheSources(
  imports: readonly CacheOption[],
  options: FrontendOptions,
  { client, signal }: { readonly client: Pick<Client, 'blobs'>; readonly signal: AbortSignal },
): CacheSource[] {
  const older = (options.get('cache-from') ?? '').split(',').filter((text) => text !== '')
  return [
    ...older.map((text): CacheSource => ({ kind: 'image', reference: parseImageReference(text) })),
    ...imports.map(({ type, attributes }): CacheSource => {
      if (type === 'registry') return { kind: 'image', reference: parseImageReference(need(type, attributes, 'ref')) }
      if (type !== 'local') throw unknownCache('importer', type)
      const store = client.blobs(`local:${need(type, attributes, 'src')}`, signal)
      const digest = attributes.get('digest')
      return { kind: 'archive', open: () => Promise.resolve(digest === undefined ? undefined : archiveOf(store, digest, hostPlatform())) }
    }),
  ]
}

/** Where a build leaves steps' results. Throws as `cacheSources`. */
export function cacheTargets(
  exports: readonly CacheOption[],
  { client, signal, note }: Pick<Receiver, 'signal' | 'note'> & { readonly client: Pick<Client, 'blobs'> },
): CacheTarget[] {
  return exports.map(({ type, attributes }): CacheTarget => {
    const mode: CacheMode = attributes.get('mode') === 'max' ? 'max' : 'min'
    if (type === 'inline') return { kind: 'inline' }
    if (type === 'registry') return { kind: 'registry', reference: parseImageReference(need(type, attributes, 'ref')), mode }
    if (type !== 'local') throw unknownCache('exporter', type)
    const store = client.blobs(`local:${need(type, attributes, 'dest')}`, signal)
    // The client writes the layout's index.
    return { kind: 'archive', mode, sink: async (bytes) => note('cache.manifest', JSON.stringify(await layOut(store, bytes))) }
  })
}

function need(type: string, attributes: ReadonlyMap<string, string>, name: string): string {
  const value = attributes.get(name) ?? ''
  if (value === '') throw new GalleyError('invalid', `${type} cache requires ${name}`, { subject: name })
  return value
}

function unknownCache(what: 'importer' | 'exporter', type: string): GalleyError {
  return new GalleyError('not implemented', `unknown cache ${what}: ${JSON.stringify(type)}`, {
    code: 'buildkit.cache',
    subject: type,
    advice: 'Galley has inline, registry and local.',
  })
}
