import { mkdirSync, writeFileSync } from 'node:fs'
import { cgroupTree } from './tree.ts'

/**
 * Version 2 only: moves a process into a group of its own, which is made, and with it all that it starts from then on. A service or a
 * login session that it was started from can then end without it, and is not taken to be still there. Version 1, where systemd counts
 * by a tree of its own, is left as it is. Does nothing where that isn't allowed.
 */
export function joinGroup(path: string, pid: number): void {
  const tree = cgroupTree()
  const [directory] = tree.directories(path)
  if (tree.version === 1 || directory === undefined) return
  try {
    mkdirSync(directory, { recursive: true })
    writeFileSync(`${directory}/cgroup.procs`, String(pid))
  } catch {
    // It stays where it was started, as with version 1.
  }
}
