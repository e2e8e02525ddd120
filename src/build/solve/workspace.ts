import { mkdirSync, readdirSync, renameSync } from 'node:fs'
import type { Digest } from '#base/digest.ts'
import { basename, dirname } from 'node:path'
import { GalleyError } from '#base/error.ts'
import { discard } from '#host/files/discard.ts'
import { inMemory } from '#host/files/in-memory.ts'
import { run } from '#host/process/run.ts'
import { mountOverlay, unmountOverlay } from '#host/overlay/mount.ts'

/** A root file system that a step writes into. */
export interface Draft extends Disposable {
  readonly root: string
  /** Ends it and returns the directory of what was written, or undefined when nothing was, unless more is to come. */
  finish(how?: { readonly evenEmpty: boolean }): string | undefined
}

/** For all secrets of a build. */
const secretBytes = 64 << 20

/** What one build has while it runs, its directories and mounts; disposing it takes them all away. */
export class Workspace implements Disposable {
  readonly directory: string
  /** What else the build has until it ends. */
  readonly held = new DisposableStack()
  readonly #layerPath: (diffId: Digest) => string
  readonly #trees = new Map<string, string>()
  readonly #mounted = new Set<string>()
  #secrets: Disposable | undefined
  #count = 0
  #isMade = false

  constructor(directory: string, layerPath: (diffId: Digest) => string) {
    this.directory = directory
    this.#layerPath = layerPath
  }

  /** Where it is made; there as long as the daemon is. */
  get parent(): string {
    return dirname(this.directory)
  }

  /** An empty directory. */
  fresh(): string {
    const path = this.#place()
    mkdirSync(path, { mode: 0o755 })
    return path
  }

  /** A path for something to be made. A build whose steps are all remembered makes nothing, and needs no directory. */
  #place(): string {
    if (!this.#isMade) mkdirSync(this.directory, { recursive: true, mode: 0o700 })
    this.#isMade = true
    return `${this.directory}/${this.#count++}`
  }

  /** The root file system that layers make, for reading; mounted once. */
  tree(layers: readonly Digest[]): string {
    const key = layers.join()
    const known = this.#trees.get(key)
    if (known !== undefined) return known
    const root = layers.length === 0 ? this.fresh() : this.#mount(this.#paths(layers)).root
    this.#trees.set(key, root)
    return root
  }

  /** The same for writing. */
  draft(layers: readonly Digest[]): Draft {
    const { directory, root } = this.#mount(this.#paths(layers))
    const end = (): void => this.#unmount(directory)
    return {
      root,
      finish: ({ evenEmpty } = { evenEmpty: false }) => {
        end()
        return this.takeUpper(directory, evenEmpty)
      },
      [Symbol.dispose]: end,
    }
  }

  /** A directory that is written to without changing it. */
  overlay(directory: string): string {
    return this.#mount([directory]).root
  }

  /** A path for a file that is never on a disk. */
  secretFile(): string {
    const directory = `${this.directory}/secrets`
    const place = this.#place()
    this.#secrets ??= inMemory(directory, secretBytes)
    return `${directory}/${basename(place)}`
  }

  /** Moves an unmounted overlay's upper directory here; undefined when it is empty. */
  takeUpper(directory: string, evenEmpty = false): string | undefined {
    const upper = `${directory}/upper`
    if (!evenEmpty && readdirSync(upper).length === 0) return undefined
    const taken = this.#place()
    renameSync(upper, taken)
    return taken
  }

  /** The same, but leaves it where it is. */
  async copyUpper(directory: string): Promise<string | undefined> {
    if (readdirSync(`${directory}/upper`).length === 0) return undefined
    const copy = this.#place()
    const { code, stderr } = await run('cp', ['-a', '--reflink=auto', `${directory}/upper`, copy])
    if (code !== 0) throw new GalleyError('unavailable', `cp ${directory}/upper: ${stderr.trim()}`, { code: 'disk.copy' })
    return copy
  }

  #paths(layers: readonly Digest[]): string[] {
    return layers.length === 0 ? [this.fresh()] : layers.map(this.#layerPath)
  }

  #mount(lower: readonly string[]): { directory: string; root: string } {
    const directory = this.fresh()
    const root = mountOverlay({ lower, directory })
    this.#mounted.add(directory)
    return { directory, root }
  }

  #unmount(directory: string): void {
    if (this.#mounted.delete(directory)) unmountOverlay(directory)
  }

  [Symbol.dispose](): void {
    this.held.dispose()
    this.#secrets?.[Symbol.dispose]()
    for (const directory of this.#mounted) this.#unmount(directory)
    if (this.#isMade) discard(this.directory)
  }
}
