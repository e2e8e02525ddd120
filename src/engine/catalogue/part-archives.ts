import { randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import type { Clock } from '#base/clock.ts'
import { hexOf, type Digest } from '#base/digest.ts'
import { ifThere } from '#base/if-there.ts'
import type { ImageConfig } from '#engine/images/model.ts'
import { deleteTree, discard } from '#host/files/discard.ts'
import { namesIn } from '#host/files/names.ts'

/** What a part of an image came to, with the parts below it. */
export interface Part {
  /** The part's own, lowest first. */
  readonly layers: readonly Digest[]
  /** Of the whole image so far. */
  readonly image: Pick<ImageConfig, 'config' | 'history'>
  /** Of packages, by their names: all that the image has so far, or the one that it is about. */
  readonly versions: Readonly<Record<string, string>>
  /** Milliseconds since the epoch. */
  readonly made: number
}

const day = 24 * 3600 * 1000
/** After a week, security updates are worth the making. */
const longestFresh = 7 * day
/** Until then an old one is better than none, where packages can't be had. */
const longestKept = 60 * day
/** Another daemon may have put a layer here that it describes in a moment. */
const youngestUnnamed = day

/**
 * Parts of images that were made on this machine, for all of its instances: a description by the key of the recipe, and the layers as
 * gzip'd archives by their digests; and the rooms that they are made in. A part is whole once its description is there, which is
 * written last.
 */
export class PartArchives {
  readonly #directory: string
  readonly #clock: Clock

  constructor(directory: string, clock: Clock) {
    this.#directory = directory
    this.#clock = clock
  }

  /** Whether a part is young enough to be used again without trying to make a newer one. */
  isFresh({ made }: Part): boolean {
    return this.#clock.now() - made < longestFresh
  }

  /** A part that is here, of any age. */
  find(key: string): Part | undefined {
    const description = this.#description(key)
    if (description === undefined) return undefined
    const part = JSON.parse(description) as Part
    return part.layers.every((layer) => existsSync(this.path(layer))) ? part : undefined
  }

  /** Undefined where there is none, as another daemon may just have deleted it. */
  #description(key: string): string | undefined {
    return ifThere(() => readFileSync(`${this.#directory}/${key}.json`, 'utf8'))
  }

  /** The archive of a layer, which may be missing. */
  path(layer: Digest): string {
    return `${this.#directory}/${hexOf(layer)}.layer`
  }

  /** Takes over the file of a layer, a gzip'd tar in a work directory of this cache. */
  keepLayer(layer: Digest, file: string): void {
    renameSync(file, this.path(layer))
  }

  /** Describes a part whose layers are kept. */
  keep(key: string, part: Omit<Part, 'made'>): Part {
    const whole = { ...part, made: this.#clock.now() }
    const arriving = `${this.#directory}/${key}.${randomUUID()}`
    writeFileSync(arriving, JSON.stringify(whole))
    renameSync(arriving, `${this.#directory}/${key}.json`)
    this.#forgetOld()
    return whole
  }

  /** A directory to make a part in, on the file system of the archives. */
  workDirectory(): AsyncDisposable & { readonly path: string } {
    const path = `${this.#directory}/making-${process.pid}-${randomUUID()}`
    mkdirSync(path, { recursive: true, mode: 0o700 })
    return { path, [Symbol.asyncDispose]: () => deleteTree(path) }
  }

  /** Deletes what processes that died left unfinished. */
  clearUp(): void {
    for (const name of namesIn(this.#directory)) {
      const maker = /^making-(\d+)-/.exec(name)?.[1]
      if (maker !== undefined && !isAlive(maker)) discard(`${this.#directory}/${name}`)
    }
  }

  #forgetOld(): void {
    const named = new Set<string>()
    const names = readdirSync(this.#directory)
    for (const name of names) {
      const key = /^([0-9a-f]{64})\.json$/.exec(name)?.[1]
      if (key === undefined) continue
      const found = this.find(key)
      const part = found !== undefined && this.#clock.now() - found.made < longestKept ? found : undefined
      if (part === undefined) discard(`${this.#directory}/${name}`)
      for (const layer of part?.layers ?? []) named.add(this.path(layer))
    }
    for (const path of names.filter((name) => name.endsWith('.layer')).map((name) => `${this.#directory}/${name}`)) {
      // Another daemon may just have deleted it.
      const stat = statSync(path, { throwIfNoEntry: false })
      if (!named.has(path) && stat !== undefined && this.#clock.now() - stat.mtimeMs > youngestUnnamed) discard(path)
    }
  }
}

/** A process that died but that nobody has waited for has no command line left. */
function isAlive(pid: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8') !== ''
  } catch {
    return false
  }
}
