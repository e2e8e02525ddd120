import type { SourceTree, TreeEntry } from './tree.ts'

/** What an index knows of a file or directory. */
export interface IndexedEntry {
  readonly kind: TreeEntry['kind']
  readonly mode: number
  /** sha256 of a file's content, in hexadecimal; what a link says. */
  readonly content: string
}

/** Files that are looked at in an index of them: they need not be on the disk, and no system call is made for each. */
export class IndexedTree implements SourceTree {
  readonly owners = false
  readonly linked = new Set<string>()
  readonly memory?: NonNullable<SourceTree['memory']>
  readonly #entries: ReadonlyMap<string, IndexedEntry>
  readonly #putDown: () => Promise<string>
  #names: Map<string, string[]> | undefined
  #files: Promise<string> | undefined

  /** `putDown` is called once at the most. `memory` is that of exactly these entries. */
  constructor(entries: ReadonlyMap<string, IndexedEntry>, putDown: () => Promise<string>, memory?: SourceTree['memory']) {
    if (memory !== undefined) this.memory = memory
    this.#entries = entries
    this.#putDown = putDown
  }

  entry(path: string): TreeEntry | undefined {
    const { kind, mode } = (path === '' ? root : this.#entries.get(path)) ?? {}
    return kind === undefined || mode === undefined ? undefined : { kind, mode, uid: 0, gid: 0, device: kind === 'special' ? '0' : '' }
  }

  names(path: string): readonly string[] {
    this.#names ??= namesOf(this.#entries.keys())
    return this.#names.get(path) ?? []
  }

  target(path: string): string {
    return this.#entries.get(path)?.content ?? ''
  }

  digest(path: string): string {
    return this.#entries.get(path)?.content ?? ''
  }

  files(): Promise<string> {
    this.#files ??= this.#putDown()
    return this.#files
  }
}

const root: IndexedEntry = { kind: 'directory', mode: 0o755, content: '' }

function namesOf(paths: Iterable<string>): Map<string, string[]> {
  const names = new Map<string, string[]>()
  for (const path of paths) {
    const slash = path.lastIndexOf('/')
    const parent = slash < 0 ? '' : path.slice(0, slash)
    const known = names.get(parent)
    if (known === undefined) names.set(parent, [path.slice(slash + 1)])
    else known.push(path.slice(slash + 1))
  }
  for (const list of names.values()) list.sort()
  return names
}
