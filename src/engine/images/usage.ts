import type { Digest } from '#base/digest.ts'
import type { Images } from './images.ts'

export interface Usage {
  /** Bytes of all layers, unpacked, each counted once. */
  readonly total: number
  /** For each image, bytes of the layers that another image has too. */
  readonly shared: ReadonlyMap<Digest, number>
}

/** What images take on disk, for `docker system df` and `shared-size`. */
export async function imageUsage(images: Images): Promise<Usage> {
  const owners = new Map<Digest, number>()
  const sizes = new Map<Digest, number>()
  for (const image of images.list()) for (const layer of new Set(image.layers)) owners.set(layer, (owners.get(layer) ?? 0) + 1)
  // At once: an image may be removed meanwhile.
  await Promise.all([...owners.keys()].map(async (layer) => sizes.set(layer, await images.content.layers.size(layer))))
  const sum = (layers: readonly Digest[]): number => layers.reduce((total, layer) => total + (sizes.get(layer) ?? 0), 0)
  const shared = images.list().map(({ id, layers }) => [id, sum(layers.filter((layer) => (owners.get(layer) ?? 0) > 1))] as const)
  return { total: sum([...sizes.keys()]), shared: new Map(shared) }
}
