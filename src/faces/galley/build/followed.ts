import { posix } from 'node:path'
import { DiskTree } from '#build/context/disk-tree.ts'
import { matches } from '#build/context/match.ts'
import type { SourceTree } from '#build/context/tree.ts'

/** Names of a directory that are wanted, and what of those that are directories; or all there is. */
export type Wanted = Directory | typeof everything

type Directory = Map<string, Wanted>

export const everything = 'everything'

/** As many links as one path may lead over. */
const mostLinks = 255

/**
 * What paths and patterns stand for in a directory: themselves with all that is in them, the directories that lead there, and what links
 * on the way and at the end lead to (BuildKit's `followpaths`). What isn't there is left out.
 */
export function followed(root: string, paths: readonly string[]): Wanted {
  const tree = new DiskTree(root, { owners: false })
  const all: Directory = new Map()
  for (const path of paths) for (const match of matches(tree, path)) if (!follow(tree, all, match)) return everything
  return all
}

/** Adds a path; false when it leads to the root itself. */
function follow(tree: SourceTree, all: Directory, path: string): boolean {
  let left = path.split('/').filter((part) => part !== '')
  let at: string[] = []
  for (let links = 0; left.length > 0;) {
    const [part = '', ...rest] = left
    if (part === '.' || part === '..') {
      at = part === '.' ? at : at.slice(0, -1)
      left = rest
      continue
    }
    const here = [...at, part]
    const entry = tree.entry(here.join('/'))
    if (entry === undefined) return true
    if (entry.kind !== 'symlink') {
      ;[at, left] = [here, rest]
      continue
    }
    add(all, here)
    if (++links > mostLinks) return true
    const target = tree.target(here.join('/'))
    if (posix.isAbsolute(target)) at = []
    left = [...target.split('/').filter((each) => each !== ''), ...rest]
  }
  if (at.length === 0) return false
  add(all, at)
  return true
}

function add(all: Directory, path: readonly string[]): void {
  let directory = all
  for (const [index, part] of path.entries()) {
    const known = directory.get(part)
    if (known === everything) return
    if (index === path.length - 1) {
      directory.set(part, everything)
      return
    }
    const next: Directory = known ?? new Map<string, Wanted>()
    directory.set(part, next)
    directory = next
  }
}
