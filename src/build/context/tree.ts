import { createHash } from 'node:crypto'
import { closeSync, lstatSync, openSync, readdirSync, readlinkSync, readSync, type Stats } from 'node:fs'

/** A directory that files are copied from: a build context, or the root file system of a stage or image. */
export interface SourceTree {
  readonly root: string
  /** sha256 of a file's content, in hexadecimal, where it is known already. */
  readonly digests?: ReadonlyMap<string, string>
  /** Whether owners are copied too; those of a context mean nothing here. */
  readonly owners: boolean
}

const chunk = Buffer.allocUnsafe(1 << 20)

/**
 * Digest of all that a copy takes of an entry: names, kinds, modes, owners, link targets and content, but no times.
 * `path` is relative to the tree's root and leads through no link. `left` says what is left out, by path below the entry.
 */
export function digestTree(tree: SourceTree, path: string, left: (below: string) => boolean = () => false): string {
  const hash = createHash('sha256')
  const visit = (at: string, below: string): void => {
    const stat = lstatSync(`${tree.root}/${at}`)
    hash.update(
      `${JSON.stringify([below, kindOf(stat), stat.mode & 0o7777, ...(tree.owners ? [stat.uid, stat.gid] : []), contentOf(tree, at, stat)])}\n`,
    )
    if (!stat.isDirectory()) return
    for (const name of readdirSync(`${tree.root}/${at}`).toSorted()) {
      const next = below === '' ? name : `${below}/${name}`
      if (!left(next)) visit(at === '' ? name : `${at}/${name}`, next)
    }
  }
  visit(path, '')
  return hash.digest('hex')
}

function kindOf(stat: Stats): string {
  if (stat.isDirectory()) return 'directory'
  if (stat.isSymbolicLink()) return 'symlink'
  return stat.isFile() ? 'file' : 'special'
}

function contentOf(tree: SourceTree, path: string, stat: Stats): string {
  if (stat.isSymbolicLink()) return readlinkSync(`${tree.root}/${path}`)
  if (stat.isFile()) return tree.digests?.get(path) ?? digestFile(`${tree.root}/${path}`)
  return stat.isDirectory() ? '' : String(stat.rdev)
}

export function digestFile(path: string): string {
  const fd = openSync(path, 'r')
  const hash = createHash('sha256')
  try {
    for (let length = readSync(fd, chunk); length > 0; length = readSync(fd, chunk)) hash.update(chunk.subarray(0, length))
    return hash.digest('hex')
  } finally {
    closeSync(fd)
  }
}
