import { lstatSync } from 'node:fs'
import type { Digest } from '#base/digest.ts'
import type { LayerStore } from '#content/layers/store.ts'

/** Says of a path of a merged tree which layer it comes from. */
export function layerFinder(store: Pick<LayerStore, 'path'>, layers: readonly Digest[]): (path: string) => string {
  const topFirst = layers.toReversed()
  return (path) => {
    const layer = topFirst.find((digest) => lstatSync(`${store.path(digest)}/${path}`, { throwIfNoEntry: false }) !== undefined)
    return layer === undefined ? `/${path}` : `/${path} (layer ${layer})`
  }
}
