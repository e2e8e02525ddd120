import { statSync } from 'node:fs'
import { isAbsolute, join, posix } from 'node:path'
import type { Service } from '#compose/model/model.ts'
import { mountOver } from './ground.ts'

/**
 * The person's own file that a container has at a path: below a mounted directory, or in the context of its build, where the longest end of
 * the path names one. Absolute; undefined where there is none.
 */
export function ownFileAt({ mounts, build }: Service, path: string): string | undefined {
  const mount = mountOver(mounts, path)
  if (mount !== undefined) {
    const file = mount.type === 'bind' ? posix.join(mount.source, posix.relative(mount.target, path)) : ''
    return isFile(file) ? file : undefined
  }
  const context = build?.context ?? ''
  if (!isAbsolute(context)) return undefined
  const parts = path.split('/').filter((part) => part !== '')
  return parts.map((_, index) => join(context, ...parts.slice(index))).find(isFile)
}

function isFile(path: string): boolean {
  return path !== '' && statSync(path, { throwIfNoEntry: false })?.isFile() === true
}
