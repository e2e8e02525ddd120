import { DiskTree } from './disk-tree.ts'
import type { SourceTree, TreeEntry } from './tree.ts'

/**
 * Files on the disk that never change: what was looked at once is remembered from build to build, so that they need not even be mounted
 * for a step that is in the cache.
 */
export class RememberedTree implements SourceTree {
  readonly owners = true
  readonly linked = undefined
  readonly memory: NonNullable<SourceTree['memory']>
  readonly #root: () => string
  #tree: DiskTree | undefined

  /** `root` is where the files are, and is asked for when they are needed; `memory` is that of exactly these files. */
  constructor(root: () => string, memory: NonNullable<SourceTree['memory']>) {
    this.#root = root
    this.memory = memory
  }

  entry(path: string): TreeEntry | undefined {
    const entry = this.#remembered('entry', path, () => this.#disk.entry(path) ?? null)
    return entry ?? undefined
  }

  names(path: string): readonly string[] {
    return this.#disk.names(path)
  }

  target(path: string): string {
    return this.#remembered('target', path, () => this.#disk.target(path))
  }

  digest(path: string): string {
    return this.#disk.digest(path)
  }

  async files(): Promise<string> {
    return this.#root()
  }

  get #disk(): DiskTree {
    this.#tree ??= new DiskTree(this.#root(), { owners: true })
    return this.#tree
  }

  /** Under names that no path has. */
  #remembered<T extends TreeEntry | string | null>(what: string, path: string, look: () => T): T {
    const key = `\0${what}\0${path}`
    const known = this.memory.get(key)
    if (known !== undefined) return JSON.parse(known) as T
    const found = look()
    this.memory.set(key, JSON.stringify(found))
    return found
  }
}
