import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { delegate } from './delegate.ts'
import { removeGroup } from './files.ts'
import { cgroupTree } from './tree.ts'

/**
 * Makes the group that all containers of an instance live under, and limits the memory of all of them together to `memory`
 * bytes: what goes beyond is taken from one of them, never from the rest of the host. Throws the kernel's error when they
 * already use more.
 */
export function limitParent(path: string, memory: number): void {
  const tree = cgroupTree()
  const directory = tree.directory('memory', path)
  if (directory === undefined) return
  mkdirSync(directory, { recursive: true })
  if (tree.version === 2) delegate(path)
  writeFileSync(`${directory}/${tree.version === 1 ? 'memory.limit_in_bytes' : 'memory.max'}`, String(memory))
}

/** Whether any controller has the group. */
export function hasGroup(path: string): boolean {
  return cgroupTree()
    .directories(path)
    .some((directory) => existsSync(directory))
}

/** Removes the instance's groups; those with processes stay. */
export function removeParent(path: string): void {
  for (const directory of cgroupTree().directories(path)) removeTree(directory)
}

function removeTree(directory: string): void {
  try {
    for (const entry of readdirSync(directory, { withFileTypes: true })) if (entry.isDirectory()) removeTree(`${directory}/${entry.name}`)
  } catch {
    return
  }
  removeGroup(directory)
}
