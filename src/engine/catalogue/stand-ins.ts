import { createHash } from 'node:crypto'
import type { Clock } from '#base/clock.ts'
import { GalleyError } from '#base/error.ts'
import { familiarReference, parseImageReference, type ImageReference } from '#base/image-reference.ts'
import { hostPlatform } from '#content/manifests/platform.ts'
import { sameRepository, type Images } from '#engine/images/images.ts'
import type { Image, ImageConfig } from '#engine/images/model.ts'
import { standInLabel, type StandIns } from '#engine/images/pull.ts'
import type { TransferEvent } from '#engine/images/transfer.ts'
import { choose } from './choose.ts'
import { listCatalogue, type CatalogueEntry } from './list.ts'
import { makeLayer } from './make-layer.ts'
import { PartArchives } from './part-archives.ts'
import { PartWorkshop, type MadeParts, type WorkshopOptions, type WorkshopProgress } from './part-workshop.ts'
import type { Variant } from './recipe.ts'
import { upstream } from './upstream.ts'

/** Says how a stand-in differs from the image whose name it has. */
const differsLabel = 'dev.galley.stand-in.differs'

/** Of which parts it was made, as one number, and the version of what it is about; for other tags of the same. */
const partsLabel = 'dev.galley.stand-in.parts'

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
    this.#workshop = new PartWorkshop({ images, archives: this.#archives, makeLayer: make, ...rest })
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
    const { here, labels, choice } = this.#choose(reference)
    if (choice === undefined) return false
    const name = familiarReference(reference)
    // Files of a layer that somebody deleted are made again.
    const isWhole = here?.layers.every((layer) => this.#images.content.layers.has(layer)) === true
    if (!isWhole) report({ type: 'note', text: `No registry can be reached for ${name}: making a stand-in from Debian's packages` })
    const differs = (isWhole ? labels[differsLabel] : undefined) ?? (await this.#makeNew({ reference, name, ...choice }, report))
    report({ type: 'note', text: `Stand-in for ${name}: ${differs}` })
    return true
  }

  // One that is loaded when it is asked for does wait.
  async offers(reference: ImageReference): Promise<boolean> {
    return this.#choose(reference).choice !== undefined
  }

  #choose(reference: ImageReference) {
    const here = this.#images.findByName(reference)
    const labels = here?.config.config?.Labels ?? {}
    const isReal = here !== undefined && labels[standInLabel] === undefined
    return { here, labels, choice: isReal ? undefined : choose(reference) }
  }

  async #makeNew(
    { reference, name, variant, tag }: { reference: ImageReference; name: string; variant: Variant; tag: string },
    report: (note: Note) => void,
  ): Promise<string> {
    return await this.#images.content.whileAdding(async () => {
      const made = await this.#makeParts(variant, reference, report)
      const { config, differs } = configurationOf(made, name, tag)
      const image = await this.#images.add(Buffer.from(JSON.stringify(config)))
      await this.#images.refer(reference, image.id)
      return differs
    })
  }

  async #makeParts(variant: Variant, reference: ImageReference, report: (note: Note) => void): Promise<Making> {
    const progress: WorkshopProgress = (id, text, count) => report({ type: 'note', id, text, ...(count !== undefined && { count }) })
    try {
      return { variant, parts: await this.#workshop.make(variant.parts, progress) }
    } catch (error) {
      // Another one would need as much room.
      if (!(error instanceof GalleyError) || error.kind !== 'unavailable' || error.code === 'disk.full') throw error
      const parts = this.#sibling(variant, reference)
      if (parts !== undefined) return { variant, parts }
      if (variant.instead === undefined) throw error
      report({ type: 'note', text: `${error.message}; making another instead` })
      return await this.#makeParts(variant.instead, reference, report)
    }
  }

  /**
   * What another tag of the same was made of, such as one that came in a bundle. Only of the same repository: a label alone, which anybody
   * can write, lends no image this name.
   */
  #sibling(variant: Variant, reference: ImageReference): MadeParts | undefined {
    const isSame = ({ config, references }: Image): boolean => {
      const [number] = config.config?.Labels?.[partsLabel]?.split(' ') ?? []
      return number === numberOf(variant) && references.some((name) => sameRepository(parseImageReference(name), reference))
    }
    const image = this.#images.list().find(isSame)
    if (image === undefined) return undefined
    const { Labels, ...config } = image.config.config ?? {}
    const version = Labels?.[partsLabel]?.split(' ')[1] ?? ''
    const versions = { [variant.versionOf ?? '']: version }
    return { diffIds: image.layers, image: { config, history: image.config.history ?? [] }, versions, made: image.created }
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
    config: {
      ...built,
      ...own,
      Env: merged(built.Env ?? [], own.Env ?? []),
      Labels: { [standInLabel]: name, [differsLabel]: differs, [partsLabel]: `${numberOf(variant)} ${facts.version}` },
    },
    rootfs: { type: 'layers' as const, diff_ids: parts.diffIds },
    history,
  }
  return { config, differs }
}

function numberOf({ parts }: Variant): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16)
}

/** Environment variables of both; of the same name, the later one. */
function merged(first: readonly string[], second: readonly string[]): readonly string[] {
  const nameOf = (entry: string): string => entry.slice(0, entry.indexOf('='))
  const replaced = new Set(second.map(nameOf))
  return [...first.filter((entry) => !replaced.has(nameOf(entry))), ...second]
}
