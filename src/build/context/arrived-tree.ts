import type { EntryTable } from './entry-table.ts'
import type { SourceTree, TreeEntry } from './tree.ts'

/** Files of an archive that are looked at in its table: they need not be on the disk, and no system call is made for each. */
export class ArrivedTree implements SourceTree {
  readonly owners = false
  readonly linked = new Set<string>()
  readonly #table: EntryTable
  readonly #isKept: (id: number) => boolean
  readonly #putDown: (paths: readonly string[]) => Promise<string>
  readonly #names = new Map<number, readonly string[]>()

  /** `isKept` is false for what is as if it weren't there; `putDown` has files written that may be there already. */
  constructor(table: EntryTable, isKept: (id: number) => boolean, putDown: (paths: readonly string[]) => Promise<string>) {
    this.#table = table
    this.#isKept = isKept
    this.#putDown = putDown
  }

  entry(path: string): TreeEntry | undefined {
    const id = this.#find(path)
    if (id === undefined) return undefined
    const kind = this.#table.kind(id)
    const mode = kind === 'symlink' ? 0o777 : path === '' ? 0o755 : this.#table.mode(id)
    return { kind, mode, uid: 0, gid: 0, device: kind === 'special' ? '0' : '' }
  }

  names(path: string): readonly string[] {
    const id = this.#find(path)
    if (id === undefined) return []
    const known = this.#names.get(id)
    if (known !== undefined) return known
    const names = [...this.#table.children(id)].flatMap(([name, child]) => (this.#isKept(child) ? [name] : [])).toSorted()
    this.#names.set(id, names)
    return names
  }

  target(path: string): string {
    const id = this.#find(path)
    return id === undefined ? '' : this.#table.target(id)
  }

  digest(path: string): string {
    const id = this.#find(path)
    return id === undefined ? '' : this.#table.digest(id)
  }

  files(paths: readonly string[] = ['']): Promise<string> {
    return this.#putDown(paths)
  }

  #find(path: string): number | undefined {
    const id = this.#table.find(path)
    return id !== undefined && this.#isKept(id) ? id : undefined
  }
}
