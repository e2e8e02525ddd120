import { mkdirSync } from 'node:fs'
import { mount, MS } from '#host/kernel/mount.ts'
import { removeGroup } from './files.ts'
import { cgroupTree } from './tree.ts'

/**
 * A runtime removes a container's memory group when the container ends, and with it the count of processes that were killed
 * for want of memory: nobody could tell that death from another SIGKILL. So the group is made before the runtime starts, and
 * held until that count has been read.
 */
export function makeMemoryGroup(path: string): void {
  const directory = cgroupTree().directory('memory', path)
  if (directory === undefined) return
  removeGroup(directory)
  mkdirSync(directory, { recursive: true })
}

export function removeMemoryGroup(path: string): void {
  const directory = cgroupTree().directory('memory', path)
  if (directory !== undefined) removeGroup(directory)
}

/**
 * Keeps whoever runs in this thread's mount namespace from removing the group: the tree is read-only there but for the group
 * itself, and rmdir(2) needs to write to the directory above. The namespace must be one of its own. In version 2, where the
 * tree holds the other controllers' settings too, this isn't done: memory.events is watched instead.
 */
export function holdMemoryGroup(path: string): void {
  const tree = cgroupTree()
  const [root, directory] = [tree.directory('memory', ''), tree.directory('memory', path)]
  if (tree.version === 2 || root === undefined || directory === undefined) return
  mount(directory, directory, '', MS.BIND)
  mount('none', root, '', MS.REMOUNT | MS.BIND | MS.RDONLY)
}
