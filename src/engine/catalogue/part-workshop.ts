import { createReadStream } from 'node:fs'
import type { Clock } from '#base/clock.ts'
import type { Digest } from '#base/digest.ts'
import { kindOf, messageOf } from '#base/error.ts'
import type { ImageConfig } from '#engine/images/model.ts'
import type { Images } from '#engine/images/images.ts'
import { buildPart, type BuildRecipe } from './build-part.ts'
import type { Around, LayerRecipe, Made } from './make-layer.ts'
import type { Part, PartArchives } from './part-archives.ts'
import { keyOf } from './part-key.ts'
import type { Count, Progress } from './progress.ts'
import type { PartRecipe } from './recipe.ts'

export interface WorkshopOptions {
  readonly images: Images
  readonly archives: PartArchives
  readonly proxies: Readonly<Record<string, string>>
  readonly clock: Clock
  /** Makes a part that is one layer; `makeLayer` but in tests. */
  readonly makeLayer: (recipe: LayerRecipe, around: Around) => Promise<Made>
  /** Builds a Dockerfile. */
  readonly build: BuildRecipe
}

/** What the parts of a variant come to. */
export interface MadeParts {
  /** Lowest first. */
  readonly diffIds: readonly Digest[]
  readonly image: Pick<ImageConfig, 'config' | 'history'>
  readonly versions: Readonly<Record<string, string>>
  /** When the last one was made, in milliseconds since the epoch. */
  readonly made: number
}

/** Told of the part that is being made, in words, of the phase and of how far it is. */
export type WorkshopProgress = (part: string, phase: string, count?: Count) => void

interface Making {
  readonly part: Promise<Part>
  readonly listeners: Set<WorkshopProgress>
  /** Where the making is, for those who come later. */
  phase: string | undefined
}

const day = 24 * 3600 * 1000
const nothing: MadeParts = { diffIds: [], image: {}, versions: {}, made: 0 }

/** Makes parts of images from recipes, each once, however many ask for it at a time. */
export class PartWorkshop {
  readonly #options: WorkshopOptions
  readonly #making = new Map<string, Making>()

  constructor(options: WorkshopOptions) {
    this.#options = options
  }

  /** All parts of a variant, with their layers unpacked in the content store. Call within `whileAdding`. Throws `unavailable`. */
  async make(recipes: readonly PartRecipe[], progress: WorkshopProgress): Promise<MadeParts> {
    let so = nothing
    for (const recipe of recipes) {
      const key = keyOf(recipe, so.diffIds)
      const { layers, image, versions, made } = await this.#shared(key, recipe, { below: so, progress })
      so = { diffIds: [...so.diffIds, ...layers], image, versions: { ...so.versions, ...versions }, made: Math.max(so.made, made) }
    }
    return so
  }

  async #shared(
    key: string,
    recipe: PartRecipe,
    { below, progress }: { readonly below: MadeParts; readonly progress: WorkshopProgress },
  ): Promise<Part> {
    const making = this.#making.get(key) ?? this.#begin(key, recipe, below)
    making.listeners.add(progress)
    if (making.phase !== undefined) progress(nameOf(recipe), making.phase)
    try {
      return await making.part
    } finally {
      making.listeners.delete(progress)
    }
  }

  #begin(key: string, recipe: PartRecipe, below: MadeParts): Making {
    const listeners = new Set<WorkshopProgress>()
    const tell: Progress = (phase, count) => {
      making.phase = phase
      for (const listener of listeners) listener(nameOf(recipe), phase, count)
    }
    // Not before whoever asked listens.
    const part = Promise.resolve().then(() => this.#findOrMake(key, recipe, { below, tell }))
    const making: Making = { part: part.finally(() => this.#making.delete(key)), listeners, phase: undefined }
    this.#making.set(key, making)
    return making
  }

  async #findOrMake(
    key: string,
    recipe: PartRecipe,
    { below, tell }: { readonly below: MadeParts; readonly tell: Progress },
  ): Promise<Part> {
    const { archives, clock } = this.#options
    const found = archives.find(key)
    if (found !== undefined && archives.isFresh(found)) return await this.#unpacked(found)
    try {
      return await this.#makeNew(key, recipe, { below, tell })
    } catch (error) {
      if (found === undefined || kindOf(error) !== 'unavailable') throw error
      tell(`can't be made anew (${messageOf(error)}): the one from ${Math.round((clock.now() - found.made) / day)} days ago is used`)
      return await this.#unpacked(found)
    }
  }

  async #makeNew(key: string, recipe: PartRecipe, { below, tell }: { readonly below: MadeParts; readonly tell: Progress }): Promise<Part> {
    const { archives, clock } = this.#options
    await using room = archives.workDirectory()
    if (recipe.kind === 'dockerfile')
      return archives.keep(key, await buildPart(this.#options, { recipe, below, work: room.path, progress: tell, now: clock.now() }))
    return archives.keep(key, await this.#makeLayer(recipe, room.path, tell))
  }

  async #unpacked(part: Part): Promise<Part> {
    const { archives, images } = this.#options
    for (const layer of part.layers)
      if (!(await images.content.layers.has(layer))) await images.content.addStream(createReadStream(archives.path(layer)))
    return part
  }

  async #makeLayer(recipe: LayerRecipe, work: string, progress: Progress): Promise<Omit<Part, 'made'>> {
    const { images, archives, proxies, clock, makeLayer } = this.#options
    const { file, versions } = await makeLayer(recipe, { work, proxies, now: clock.now(), progress })
    const { diffId } = await images.content.addStream(createReadStream(file))
    archives.keepLayer(diffId, file)
    const created = new Date(clock.now()).toISOString()
    return { layers: [diffId], image: { history: [{ created, created_by: `galley stand-in: ${nameOf(recipe)}` }] }, versions }
  }
}

/** What a line of progress is about. */
function nameOf(recipe: PartRecipe): string {
  if (recipe.kind === 'busybox') return 'BusyBox'
  return recipe.kind === 'base' ? `Debian ${recipe.suite}` : recipe.folders[0]
}
