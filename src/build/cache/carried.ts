import { isDigest, type Digest } from '#base/digest.ts'
import { isObject } from '#base/json.ts'
import type { Platform } from '#content/manifests/manifest.ts'
import type { StepResult } from './cache.ts'

/** A step's result as it travels from machine to machine. */
export interface CarriedStep extends StepResult {
  readonly key: string
  readonly text: string
}

/** The field of an image's configuration that holds steps. Readers of images leave alone what they don't know. */
const field = 'dev.galley.cache.v1'

/** The same configuration, telling where the results of its steps are. */
export function withSteps<T extends object>(config: T, steps: readonly CarriedStep[]): T {
  return { ...config, [field]: steps }
}

/** The configuration of an image that is nothing but steps and their layers. */
export function cacheConfig(platform: Platform, steps: readonly CarriedStep[]): object {
  const layers = [...new Set(steps.flatMap(({ diffId }) => diffId ?? []))]
  return withSteps({ ...platform, config: { Labels: { [field]: 'build cache' } }, rootfs: { type: 'layers', diff_ids: layers } }, steps)
}

/** The steps that a configuration holds whose layers `layers` are; none when it holds none, or nothing that could be some. */
export function stepsIn(configuration: Uint8Array, layers: readonly Digest[]): readonly CarriedStep[] {
  const parsed = JSON.parse(Buffer.from(configuration).toString('utf8')) as { readonly [field]?: unknown }
  const found = parsed[field]
  return Array.isArray(found) ? found.flatMap((step: unknown) => stepOf(step, layers) ?? []) : []
}

function stepOf(value: unknown, layers: readonly Digest[]): CarriedStep | undefined {
  if (!isObject(value)) return undefined
  const { key, text, diffId, size, created } = value
  if (typeof key !== 'string' || !/^[a-f0-9]{64}$/.test(key) || typeof text !== 'string') return undefined
  if (!isCount(size) || !isCount(created)) return undefined
  if (diffId === undefined) return { key, text, diffId, size, created }
  return typeof diffId === 'string' && isDigest(diffId) && layers.includes(diffId) ? { key, text, diffId, size, created } : undefined
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}
