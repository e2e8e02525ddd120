import { createReadStream } from 'node:fs'
import type { Clock } from '#base/clock.ts'
import type { Digest } from '#base/digest.ts'
import type { ImageContent } from '#engine/images/content.ts'
import type { LayerArchive, LayerArchives } from './layer-archives.ts'
import { keyOf, type Around, type Made } from './make-layer.ts'
import type { Count, Progress } from './progress.ts'
import type { LayerRecipe } from './recipe.ts'

export interface WorkshopOptions {
  readonly content: ImageContent
  readonly archives: LayerArchives
  readonly proxies: Readonly<Record<string, string>>
  readonly clock: Clock
  /** Makes one layer; `makeLayer` but in tests. */
  readonly makeLayer: (recipe: LayerRecipe, around: Around) => Promise<Made>
}

export interface MadeLayers {
  /** Lowest first. */
  readonly diffIds: readonly Digest[]
  readonly versions: Readonly<Record<string, string>>
  /** When the last one was made, in milliseconds since the epoch. */
  readonly made: number
}

/** Told of the layer that is being made, in words, of the phase and of how far it is. */
export type WorkshopProgress = (layer: string, phase: string, count?: Count) => void

interface Making {
  readonly layer: Promise<LayerArchive>
  readonly listeners: Set<WorkshopProgress>
  /** Where the making is, for those who come later. */
  phase: string | undefined
}

/** Makes layers from recipes, each once, however many ask for it at a time. */
export class LayerWorkshop {
  readonly #options: WorkshopOptions
  readonly #making = new Map<string, Making>()

  constructor(options: WorkshopOptions) {
    this.#options = options
  }

  /** All layers of a variant, unpacked in the content store. Call within `whileAdding`. Throws `unavailable`. */
  async make(recipes: readonly LayerRecipe[], progress: WorkshopProgress): Promise<MadeLayers> {
    const layers: LayerArchive[] = []
    let key = ''
    for (const recipe of recipes) {
      key = keyOf(recipe, key)
      layers.push(await this.#shared(key, recipe, { below: layers.map(({ diffId }) => diffId), progress }))
    }
    return {
      diffIds: layers.map(({ diffId }) => diffId),
      versions: Object.assign({}, ...layers.map(({ versions }) => versions)) as Record<string, string>,
      made: Math.max(...layers.map(({ made }) => made)),
    }
  }

  async #shared(
    key: string,
    recipe: LayerRecipe,
    { below, progress }: { readonly below: readonly Digest[]; readonly progress: WorkshopProgress },
  ): Promise<LayerArchive> {
    const making = this.#making.get(key) ?? this.#begin(key, recipe, below)
    making.listeners.add(progress)
    if (making.phase !== undefined) progress(nameOf(recipe), making.phase)
    try {
      return await making.layer
    } finally {
      making.listeners.delete(progress)
    }
  }

  #begin(key: string, recipe: LayerRecipe, below: readonly Digest[]): Making {
    const listeners = new Set<WorkshopProgress>()
    const tell: Progress = (phase, count) => {
      making.phase = phase
      for (const listener of listeners) listener(nameOf(recipe), phase, count)
    }
    // Not before whoever asked listens.
    const layer = Promise.resolve().then(() => this.#findOrMake(key, recipe, { below, tell }))
    const making: Making = { layer: layer.finally(() => this.#making.delete(key)), listeners, phase: undefined }
    this.#making.set(key, making)
    return making
  }

  async #findOrMake(
    key: string,
    recipe: LayerRecipe,
    { below, tell }: { readonly below: readonly Digest[]; readonly tell: Progress },
  ): Promise<LayerArchive> {
    const { content, archives, proxies, clock, makeLayer } = this.#options
    const found = archives.find(key)
    if (found !== undefined) {
      if (await content.layers.has(found.diffId)) return found
      const { diffId } = await content.addStream(createReadStream(found.path))
      return { ...found, diffId }
    }
    await using room = archives.workDirectory()
    const lower = below.map((diffId) => content.layers.path(diffId))
    const { file, versions } = await makeLayer(recipe, { work: room.path, lower, proxies, now: clock.now(), progress: tell })
    const { diffId } = await content.addStream(createReadStream(file))
    return archives.keep(key, file, { diffId, versions })
  }
}

/** What a line of progress is about. */
export function nameOf(recipe: LayerRecipe): string {
  if (recipe.kind === 'busybox') return 'BusyBox'
  return recipe.kind === 'base' ? `Debian ${recipe.suite}` : (recipe.packages[0] ?? '')
}
