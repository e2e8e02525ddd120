import { createHash } from 'node:crypto'
import { closeSync, fstatSync, lstatSync, openSync, readdirSync, readlinkSync, readSync, type Stats } from 'node:fs'
import type { SourceTree, TreeEntry } from './tree.ts'

export interface DiskTreeOptions {
  readonly owners: boolean
  /** Known digests of files' content; with them the files may be linked. */
  readonly digests?: ReadonlyMap<string, string>
}

/** A directory that nothing changes while it is read. */
export class DiskTree implements SourceTree {
  readonly owners: boolean
  readonly linked: Set<string> | undefined
  readonly #root: string
  readonly #digests: ReadonlyMap<string, string>

  constructor(root: string, { owners, digests }: DiskTreeOptions) {
    this.#root = root
    this.owners = owners
    this.linked = digests === undefined ? undefined : new Set()
    this.#digests = digests ?? new Map()
  }

  entry(path: string): TreeEntry | undefined {
    const stat = lstatSync(`${this.#root}/${path}`, { throwIfNoEntry: false })
    if (stat === undefined) return undefined
    const kind = kindOf(stat)
    const { uid, gid } = stat
    return { kind, mode: stat.mode & 0o7777, uid, gid, device: kind === 'special' ? String(stat.rdev) : '' }
  }

  names(path: string): readonly string[] {
    return readdirSync(`${this.#root}/${path}`).toSorted()
  }

  target(path: string): string {
    return readlinkSync(`${this.#root}/${path}`)
  }

  digest(path: string): string {
    return this.#digests.get(path) ?? digestFile(`${this.#root}/${path}`)
  }

  async files(): Promise<string> {
    return this.#root
  }
}

function kindOf(stat: Stats): TreeEntry['kind'] {
  if (stat.isDirectory()) return 'directory'
  if (stat.isSymbolicLink()) return 'symlink'
  return stat.isFile() ? 'file' : 'special'
}

const largestChunk = 1 << 20

function digestFile(path: string): string {
  const fd = openSync(path, 'r')
  const chunk = Buffer.allocUnsafe(Math.min(Math.max(fstatSync(fd).size, 4096), largestChunk))
  const hash = createHash('sha256')
  try {
    for (let length = readSync(fd, chunk); length > 0; length = readSync(fd, chunk)) hash.update(chunk.subarray(0, length))
    return hash.digest('hex')
  } finally {
    closeSync(fd)
  }
}
