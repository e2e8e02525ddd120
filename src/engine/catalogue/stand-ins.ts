import type { Clock } from '#base/clock.ts'
import { GalleyError } from '#base/error.ts'
import { familiarReference, type ImageReference } from '#base/image-reference.ts'
import { hostPlatform } from '#content/manifests/platform.ts'
import type { Images } from '#engine/images/images.ts'
import type { ImageConfig } from '#engine/images/model.ts'
import { standInLabel, type StandIns } from '#engine/images/pull.ts'
import type { TransferEvent } from '#engine/images/transfer.ts'
import { choose } from './choose.ts'
import { clearUpParts } from './build-part.ts'
import { listCatalogue, type CatalogueEntry } from './list.ts'
import { makeLayer } from './make-layer.ts'
import { PartArchives } from './part-archives.ts'
import { PartWorkshop, type MadeParts, type WorkshopOptions, type WorkshopProgress } from './part-workshop.ts'
import type { Variant } from './recipe.ts'
import { upstream } from './upstream.ts'

/** Says how a stand-in differs from the image whose name it has. */
const differsLabel = 'dev.galley.stand-in.differs'

type Note = Extract<TransferEvent, { type: 'note' }>

export interface StandInOptions {
  readonly images: Images
  /** Keeps the layers that were made, for all instances of this machine. */
  readonly cache: string
  readonly proxies: Readonly<Record<string, string>>
  readonly clock: Clock
  readonly build: WorkshopOptions['build']
  readonly makeLayer?: WorkshopOptions['makeLayer']
}

interface Making {
  readonly variant: Variant
  readonly parts: MadeParts
}

/** Makes well-known images from Debian's packages when no registry can be reached. */
export class StandInMaker implements StandIns {
  readonly #images: Images
  readonly #archives: PartArchives
  readonly #workshop: PartWorkshop

  constructor({ images, cache, makeLayer: make = makeLayer, ...rest }: StandInOptions) {
    this.#images = images
    this.#archives = new PartArchives(cache, rest.clock)
    this.#archives.clearUp()
    this.#workshop = new PartWorkshop({ images, archives: this.#archives, makeLayer: make, ...rest })
  }

  /** Removes what a crash left. Call once, when the builder has removed what it left, before the first making. */
  start(): Promise<void> {
    return clearUpParts(this.#images)
  }

  /** What can be made, and what of it was. */
  list(): readonly CatalogueEntry[] {
    return listCatalogue(this.#archives)
  }

  /**
   * Makes what a reference names and gives it that name; false for a name that is not in the catalogue, a digest, and a name that a
   * real image has here. One that was made before is there at once. Goes on when the one who asked has gone, so that the next finds
   * it. Throws `unavailable` for a tag that isn't answered, or when the packages can't be had.
   */
  async make(reference: ImageReference, report: (note: Note) => void): Promise<boolean> {
    const here = this.#images.findByName(reference)
    const labels = here?.config.config?.Labels ?? {}
    if (here !== undefined && labels[standInLabel] === undefined) return false
    const choice = choose(reference)
    if (choice === undefined) return false
    const name = familiarReference(reference)
    if (here === undefined)
      report({ type: 'note', text: `No registry can be reached for ${name}: making a stand-in from Debian's packages` })
    const differs = labels[differsLabel] ?? (await this.#makeNew({ reference, name, ...choice }, report))
    report({ type: 'note', text: `Stand-in for ${name}: ${differs}` })
    return true
  }

  async #makeNew(
    { reference, name, variant, tag }: { reference: ImageReference; name: string; variant: Variant; tag: string },
    report: (note: Note) => void,
  ): Promise<string> {
    return await this.#images.content.whileAdding(async () => {
      const made = await this.#makeParts(variant, report)
      const { config, differs } = configurationOf(made, name, tag)
      const image = await this.#images.add(Buffer.from(JSON.stringify(config)))
      await this.#images.refer(reference, image.id)
      return differs
    })
  }

  async #makeParts(variant: Variant, report: (note: Note) => void): Promise<Making> {
    const progress: WorkshopProgress = (id, text, count) => report({ type: 'note', id, text, ...(count !== undefined && { count }) })
    try {
      return { variant, parts: await this.#workshop.make(variant.parts, progress) }
    } catch (error) {
      if (variant.instead === undefined || !(error instanceof GalleyError) || error.kind !== 'unavailable') throw error
      report({ type: 'note', text: `${error.message}; making another instead` })
      return await this.#makeParts(variant.instead, report)
    }
  }
}

function configurationOf({ variant, parts }: Making, name: string, tag: string): { config: ImageConfig; differs: string } {
  const facts = { tag, version: upstream(parts.versions[variant.versionOf ?? ''] ?? '') }
  const differs = variant.differs(facts)
  const { config: built = {}, history = [] } = parts.image
  const own = variant.config?.(facts) ?? {}
  const config = {
    ...hostPlatform(),
    created: new Date(parts.made).toISOString(),
    config: { ...built, ...own, Env: merged(built.Env ?? [], own.Env ?? []), Labels: { [standInLabel]: name, [differsLabel]: differs } },
    rootfs: { type: 'layers' as const, diff_ids: parts.diffIds },
    history,
  }
  return { config, differs }
}

/** Environment variables of both; of the same name, the later one. */
function merged(first: readonly string[], second: readonly string[]): readonly string[] {
  const nameOf = (entry: string): string => entry.slice(0, entry.indexOf('='))
  const replaced = new Set(second.map(nameOf))
  return [...first.filter((entry) => !replaced.has(nameOf(entry))), ...second]
}
