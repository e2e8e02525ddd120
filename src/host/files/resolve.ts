import { lstatSync, readlinkSync } from 'node:fs'
import { GalleyError } from '#base/error.ts'

const mostLinks = 255

/**
 * The host's path of `path` inside `root`, following symbolic links as if `root` were the file system's root, so that none
 * leads out of it. Parts that don't exist are kept as they are. Only for trees that nothing changes meanwhile: anything else
 * is opened with `openInRoot`.
 */
export function resolveInRoot(root: string, path: string): string {
  return root + resolveLinks(path, (at) => linkTarget(root + at)).replace(/^\/$/, '')
}

/**
 * An absolute path without links, `.` and `..`, as far as it exists. `targetOf` tells what the link at an absolute path
 * says, and undefined for anything else. Throws `invalid` for links that go in circles.
 */
export function resolveLinks(path: string, targetOf: (at: string) => string | undefined): string {
  const todo = path.split('/').toReversed()
  const done: string[] = []
  let links = 0
  for (let part = todo.pop(); part !== undefined; part = todo.pop()) {
    if (part === '' || part === '.') continue
    if (part === '..') {
      done.pop()
      continue
    }
    const target = targetOf(`/${[...done, part].join('/')}`)
    if (target === undefined) {
      done.push(part)
      continue
    }
    if (++links > mostLinks) throw new GalleyError('invalid', `too many levels of symbolic links: ${path}`)
    if (target.startsWith('/')) done.length = 0
    todo.push(...target.split('/').toReversed())
  }
  return `/${done.join('/')}`
}

function linkTarget(path: string): string | undefined {
  const stat = lstatSync(path, { throwIfNoEntry: false })
  return stat?.isSymbolicLink() === true ? readlinkSync(path) : undefined
}
