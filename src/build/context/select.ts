import { posix } from 'node:path'
import { GalleyError } from '#base/error.ts'
import { isPattern, matches } from './match.ts'
import { resolveInTree, type SourceTree } from './tree.ts'

/** One file or directory that `COPY` takes. */
export interface Selected {
  readonly tree: SourceTree
  /** Relative to the tree's root; leads through no link. */
  readonly path: string
  /** What it is called where it arrives, below the destination; several parts with `--parents`. */
  readonly name: string
  readonly isDirectory: boolean
}

export interface Selecting {
  readonly parents?: boolean
  /** Refuses what climbs out of the tree, as the classic builder does; otherwise the tree's root is its own parent, as for BuildKit. */
  readonly classic?: boolean
}

/**
 * Finds what a source of `COPY` or `ADD` stands for: a pattern may stand for nothing. A source that is a link is followed inside the
 * tree; links in a directory stay links. Throws `not found` or `invalid`, worded as Docker does.
 */
export function selectSource(tree: SourceTree, source: string, { parents = false, classic = false }: Selecting = {}): Selected[] {
  const pivot = parents ? source.indexOf('/./') : -1
  if (classic && /^\.\.(\/|$)/.test(posix.normalize(source).replace(/^\/+/, ''))) throw outside(source)
  const path = posix.join('/', source).slice(1).replace(/\/+$/, '')
  const found = isPattern(path) ? matches(tree, path, { deep: parents }) : [path]
  // A pattern in front of the pivot stands for names of any length.
  const dropped = pivot < 0 ? 0 : partsOf(posix.normalize(source.slice(0, pivot))).length
  return found.map((match) => selected(tree, match, parents ? partsOf(match).slice(dropped).join('/') : posix.basename(match)))
}

function selected(tree: SourceTree, match: string, name: string): Selected {
  const path = resolveInTree(tree, match)
  const entry = tree.entry(path)
  if (entry === undefined) {
    const missing = tree.owners
      ? `stat ${match}: file does not exist`
      : `file not found in build context or excluded by .dockerignore: stat ${match}: file does not exist`
    throw new GalleyError('not found', missing, { code: 'copy.not-found', subject: match })
  }
  return { tree, path, name, isDirectory: entry.kind === 'directory' }
}

function partsOf(path: string): string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.')
}

function outside(source: string): GalleyError {
  return new GalleyError('invalid', `forbidden path outside the build context: ${source} ()`, { code: 'copy.outside', subject: source })
}
