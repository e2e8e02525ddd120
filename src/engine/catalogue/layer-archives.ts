import { randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import type { Clock } from '#base/clock.ts'
import type { Digest } from '#base/digest.ts'
import { deleteTree, discard } from '#host/files/discard.ts'

/** A layer that was made on this machine, for all of its instances. */
export interface LayerArchive {
  /** A gzip'd tar. */
  readonly path: string
  readonly diffId: Digest
  /** Versions of the packages that were asked for. */
  readonly versions: Readonly<Record<string, string>>
  /** Milliseconds since the epoch. */
  readonly made: number
}

/** After a week, security updates are worth the making. */
const longestKept = 7 * 24 * 3600 * 1000

/**
 * The layers made from packages, as archives by the key of their recipe, and the rooms they are made in. An archive is whole once
 * its description is there, which is written last.
 */
export class LayerArchives {
  readonly #directory: string
  readonly #clock: Clock

  constructor(directory: string, clock: Clock) {
    this.#directory = directory
    this.#clock = clock
  }

  /** A layer that is young enough to be used again. */
  find(key: string): LayerArchive | undefined {
    const [path, description] = [this.#path(key), `${this.#path(key)}.json`]
    if (!existsSync(description) || !existsSync(path)) return undefined
    const archive = { ...(JSON.parse(readFileSync(description, 'utf8')) as Omit<LayerArchive, 'path'>), path }
    return this.#clock.now() - archive.made < longestKept ? archive : undefined
  }

  /** Takes over the file of a layer that was made now. */
  keep(key: string, file: string, { diffId, versions }: Pick<LayerArchive, 'diffId' | 'versions'>): LayerArchive {
    const path = this.#path(key)
    const made = this.#clock.now()
    renameSync(file, path)
    const arriving = `${path}.${randomUUID()}`
    writeFileSync(arriving, JSON.stringify({ diffId, versions, made }))
    renameSync(arriving, `${path}.json`)
    this.#forgetOld()
    return { path, diffId, versions, made }
  }

  /** A directory to make a layer in, on the file system of the archives. */
  workDirectory(): AsyncDisposable & { readonly path: string } {
    const path = `${this.#directory}/making-${process.pid}-${randomUUID()}`
    mkdirSync(path, { recursive: true, mode: 0o700 })
    return { path, [Symbol.asyncDispose]: () => deleteTree(path) }
  }

  /** Deletes what processes that died left unfinished. */
  clearUp(): void {
    if (!existsSync(this.#directory)) return
    for (const name of readdirSync(this.#directory)) {
      const maker = /^making-(\d+)-/.exec(name)?.[1]
      if (maker !== undefined && !isAlive(maker)) discard(`${this.#directory}/${name}`)
    }
  }

  #forgetOld(): void {
    for (const name of readdirSync(this.#directory)) {
      const key = /^([0-9a-f]{64})\.tar\.gz\.json$/.exec(name)?.[1]
      if (key === undefined || this.find(key) !== undefined) continue
      discard(`${this.#directory}/${name}`)
      discard(this.#path(key))
    }
  }

  #path(key: string): string {
    return `${this.#directory}/${key}.tar.gz`
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
