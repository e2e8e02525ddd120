import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { mount, MS } from '#host/kernel/mount.ts'
import { delegate } from './delegate.ts'
import { removeGroup } from './files.ts'
import { cgroupTree } from './tree.ts'

/**
 * The group above a container's that has the same counts and stays when a runtime removes the container's own: in version 2, where a
 * group's memory.events and memory.peak count all that happens below it. In version 1 that is the container's own group.
 */
export function countingGroup(path: string): string {
  return cgroupTree().version === 2 ? dirname(path) : path
}

/**
 * A runtime removes a container's memory group when the container ends, and with it the count of processes that were killed
 * for want of memory: nobody could tell that death from another SIGKILL. So the group is made before the runtime starts, and
 * held until that count has been read.
 */
export function makeMemoryGroup(path: string): void {
  const tree = cgroupTree()
  const directory = tree.directory('memory', countingGroup(path))
  if (directory === undefined) return
  removeMemoryGroup(path)
  mkdirSync(directory, { recursive: true })
  if (tree.version === 2) delegate(countingGroup(path))
}

export function removeMemoryGroup(path: string): void {
  for (const group of new Set([path, countingGroup(path)])) {
    const directory = cgroupTree().directory('memory', group)
    if (directory !== undefined) removeGroup(directory)
  }
}

/**
 * Keeps whoever runs in this thread's mount namespace from removing the group: the tree is read-only there but for the group
 * itself, and rmdir(2) needs to write to the directory above. The namespace must be one of its own. In version 2 nothing needs to be
 * done: a runtime doesn't know the group that counts.
 */
export function holdMemoryGroup(path: string): void {
  const tree = cgroupTree()
  const [root, directory] = [tree.directory('memory', ''), tree.directory('memory', path)]
  if (tree.version === 2 || root === undefined || directory === undefined) return
  mount(directory, directory, '', MS.BIND)
  mount('none', root, '', MS.REMOUNT | MS.BIND | MS.RDONLY)
}
