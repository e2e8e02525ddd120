import { createHash } from 'node:crypto'
import { GalleyError } from '#base/error.ts'
import { resolveLinks } from '#host/files/resolve.ts'

/** What copies and cache keys know of one file or directory. */
export interface TreeEntry {
  readonly kind: 'file' | 'directory' | 'symlink' | 'special'
  /** Permissions. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** Of a special file: its kind and number. */
  readonly device: string
}

/**
 * Files that are copied from: a build context, or the root file system of a stage or image. It can be looked at without being on
 * the disk. Paths are relative, and lead through no link.
 */
export interface SourceTree {
  /** Whether owners are copied too; those of a context mean nothing here. */
  readonly owners: boolean
  /** Files, by path, that became parts of layers by hard links; undefined where none may, as files are changed later. */
  readonly linked: Set<string> | undefined
  /** undefined when there is none. */
  entry(path: string): TreeEntry | undefined
  /** Names in a directory, sorted. */
  names(path: string): readonly string[]
  /** What a link says. */
  target(path: string): string
  /** sha256 of a file's content, in hexadecimal. */
  digest(path: string): string
  /**
   * The directory on the disk that holds the files: those at `paths`, which lead through no link, with all below them, or all; they are
   * put there when they are not.
   */
  files(paths?: readonly string[]): Promise<string>
  /** Remembered digests of parts, where files never change. */
  readonly memory?: { get(key: string): string | undefined; set(key: string, digest: string): void }
}

/** The path of what `path` leads to, links followed inside the tree only. What isn't there is kept as it is. */
export function resolveInTree(tree: SourceTree, path: string): string {
  const targetOf = (at: string): string | undefined => (tree.entry(at.slice(1))?.kind === 'symlink' ? tree.target(at.slice(1)) : undefined)
  return resolveLinks(path, targetOf).slice(1)
}

/** As `tree.entry`, for what was found to be there. */
function entryAt(tree: SourceTree, path: string): TreeEntry {
  const entry = tree.entry(path)
  if (entry === undefined) throw new GalleyError('not found', `${path} is not there any more`, { subject: path })
  return entry
}

/**
 * Digest of all that a copy takes of an entry: names, kinds, modes, owners, link targets and content, but no times. `left` says
 * what is left out, by path below the entry; `rule` is all that it depends on.
 */
export function digestTree(tree: SourceTree, path: string, { left, rule }: Leaving = { left: () => false, rule: '' }): string {
  const key = `${path}\0${rule}`
  const known = tree.memory?.get(key)
  if (known !== undefined) return known
  const hash = createHash('sha256')
  const visit = (at: string, below: string): void => {
    const entry = entryAt(tree, at)
    hash.update(`${lineOf(tree, { at, below, entry })}\n`)
    if (entry.kind !== 'directory') return
    for (const name of tree.names(at)) {
      const next = below === '' ? name : `${below}/${name}`
      if (!left(next)) visit(at === '' ? name : `${at}/${name}`, next)
    }
  }
  visit(path, '')
  const digest = hash.digest('hex')
  tree.memory?.set(key, digest)
  return digest
}

export interface Leaving {
  readonly left: (below: string) => boolean
  readonly rule: string
}

function lineOf(tree: SourceTree, { at, below, entry }: { at: string; below: string; entry: TreeEntry }): string {
  const { kind, mode, uid, gid, device } = entry
  const content = kind === 'symlink' ? tree.target(at) : kind === 'file' ? tree.digest(at) : device
  return JSON.stringify([below, kind, mode, ...(tree.owners ? [uid, gid] : []), content])
}
