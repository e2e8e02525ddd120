import { lstatSync, readlinkSync } from 'node:fs'
import { GalleyError } from '#base/error.ts'

const mostLinks = 255

/**
 * The host's path of `path` inside `root`, following symbolic links as if `root` were the file system's root, so that none
 * leads out of it. Parts that don't exist are kept as they are. Only for trees that nothing changes meanwhile: a running
 * container's paths are resolved in its mount namespace.
 */
export function resolveInRoot(root: string, path: string): string {
  const todo = path.split('/').toReversed()
  const done: string[] = []
  let links = 0
  for (let part = todo.pop(); part !== undefined; part = todo.pop()) {
    if (part === '' || part === '.') continue
    if (part === '..') {
      done.pop()
      continue
    }
    const target = linkTarget(`${root}/${[...done, part].join('/')}`)
    if (target === undefined) {
      done.push(part)
      continue
    }
    if (++links > mostLinks) throw new GalleyError('invalid', `too many levels of symbolic links: ${path}`)
    if (target.startsWith('/')) done.length = 0
    todo.push(...target.split('/').toReversed())
  }
  return [root, ...done].join('/')
}

function linkTarget(path: string): string | undefined {
  const stat = lstatSync(path, { throwIfNoEntry: false })
  return stat?.isSymbolicLink() === true ? readlinkSync(path) : undefined
}
