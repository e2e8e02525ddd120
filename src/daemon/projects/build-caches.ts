import { statSync } from 'node:fs'
import { GalleyError } from '#base/error.ts'
import type { BuildRequest, CacheSource, CacheTarget } from '#build/request.ts'
import type { WantedImage } from '#compose/apply/world.ts'
import { cacheSources, cacheTargets, type CacheOption } from '#faces/buildkit/caches.ts'
import type { Typed } from '#faces/galley/build/asked.ts'
import { readCaches } from '#faces/galley/build/caches.ts'
import { indexImage } from '#faces/galley/build/layout-index.ts'
import { LocalBlobs } from '#faces/galley/build/local-blobs.ts'

interface Surroundings {
  readonly signal: AbortSignal
  readonly warn: (text: string) => void
}

/** Where a Compose build finds and leaves steps' results (`cache_from`, `cache_to`). Of a kind that there is nothing for it is warned: a build needs no cache. */
export function cachesOf(
  { build, directory }: Pick<WantedImage, 'build' | 'directory'>,
  { signal, warn }: Surroundings,
): Required<Pick<BuildRequest, 'cacheFrom' | 'cacheTo'>> {
  const { from, to, layouts } = readCaches({ from: build.cacheFrom, to: build.cacheTo }, directory)
  const client = {
    blobs: (store: string) => {
      const owner = statSync(directory)
      return new LocalBlobs(layouts[store] ?? '', { uid: owner.uid, gid: owner.gid })
    },
  }
  const target = (option: CacheOption): CacheTarget[] => {
    const note = (name: string, value: string): void => {
      const layout = layouts[`local:${option.attributes.get('dest') ?? ''}`]
      if (name === 'cache.manifest' && layout !== undefined) indexImage(layout, JSON.parse(value) as { digest: string }, ['latest'])
    }
    return cacheTargets([option], { client, signal, note })
  }
  const known = <T>(options: readonly Typed[], read: (option: CacheOption) => T[]): T[] =>
    options.flatMap(({ type, attributes }) => {
      try {
        return read({ type, attributes: new Map(Object.entries(attributes)) })
      } catch (error) {
        if (!(error instanceof GalleyError) || error.kind !== 'not implemented') throw error
        warn(`the cache of type ${type} is not used: Galley has inline, registry and local`)
        return []
      }
    })
  return {
    cacheFrom: known(from, (option): CacheSource[] => cacheSources([option], new Map(), { client, signal })),
    cacheTo: known(to, target),
  }
}
