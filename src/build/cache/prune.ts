import type { Digest } from '#base/digest.ts'
import { nanosecondsOf } from '#base/duration.ts'
import { GalleyError } from '#base/error.ts'
import type { Builder } from '../builder.ts'
import type { StepRecord } from './cache.ts'

export interface PruneWishes {
  /** Also steps whose layers are part of an image, and cache mounts. */
  readonly all: boolean
  readonly filters: ReadonlyMap<string, readonly string[]>
  /** Keys of steps, of which alone some are forgotten. */
  readonly chosen?: ReadonlySet<string>
}

/** `docker builder prune`: forgets steps and deletes the layers that only they kept. Throws `invalid` for an unknown filter. */
export async function pruneBuilds(
  { cache, caches, images, clock }: Builder,
  { all, filters, chosen }: PruneWishes,
): Promise<{ deleted: string[]; reclaimed: number }> {
  const fits = selection(filters, clock.now())
  const inImages = new Set(images.list().flatMap(({ layers }) => layers))
  const mayGo = (record: StepRecord): boolean => fits(record) && (chosen === undefined || chosen.has(record.key))
  const doomed = cache.list().filter((record) => mayGo(record) && (all || record.diffId === undefined || !inImages.has(record.diffId)))
  await cache.forget(doomed)
  const layers = [...new Set(doomed.flatMap(({ diffId }) => diffId ?? []))].filter((layer) => !inImages.has(layer) && !cache.holds(layer))
  const reclaimed = layers.reduce((sum, layer) => sum + sizeOf(doomed, layer), 0)
  await images.release(layers)
  if (all && filters.size === 0 && chosen === undefined) caches.prune()
  return { deleted: doomed.map(({ key }) => key), reclaimed }
}

function sizeOf(records: readonly StepRecord[], layer: Digest): number {
  return records.find(({ diffId }) => diffId === layer)?.size ?? 0
}

/** `until` and `unused-for` (durations such as `24h`) and `id`. */
function selection(filters: ReadonlyMap<string, readonly string[]>, now: number): (record: StepRecord) => boolean {
  const tests = [...filters].flatMap(([name, values]) =>
    values.map((value): ((record: StepRecord) => boolean) => {
      if (name === 'until') return ({ created }) => created < now - milliseconds(value)
      if (name === 'unused-for') return ({ used }) => used < now - milliseconds(value)
      if (name === 'id') return ({ key }) => key.startsWith(value)
      throw new GalleyError('invalid', `invalid filter '${name}'`, { subject: name })
    }),
  )
  return (record) => tests.every((test) => test(record))
}

function milliseconds(text: string): number {
  const duration = nanosecondsOf(text)
  if (duration === undefined) throw new GalleyError('invalid', `time: invalid duration "${text}"`)
  return duration / 1e6
}
