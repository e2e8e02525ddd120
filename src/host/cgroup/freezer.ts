import { writeFileSync } from 'node:fs'
import { sleep, systemClock } from '#base/clock.ts'
import { GalleyError } from '#base/error.ts'
import { readControl, readPairs } from './files.ts'
import { cgroupTree } from './tree.ts'

const attempts = 1000

/**
 * Stops every process of a group where it is (cgroups(7), freezer; version 2: cgroup.freeze). Resolves when all have
 * stopped, which takes as long as their longest system call: true, or false when the group is gone, with all of its processes.
 * Throws `timeout` after a second, everything running again.
 */
export async function freeze(path: string): Promise<boolean> {
  for (let attempt = 0; attempt < attempts; attempt++) {
    // Version 1 finishes the job only when asked again: processes that were forking meanwhile escaped the first time.
    if (!setFrozen(path, true)) return false
    if (isFrozen(path)) return true
    await sleep(systemClock, 1)
  }
  setFrozen(path, false)
  throw new GalleyError('timeout', `unable to freeze ${path}`, { subject: path })
}

export function thaw(path: string): void {
  setFrozen(path, false)
}

/** False when there is no such group (any more). */
function setFrozen(path: string, frozen: boolean): boolean {
  const tree = cgroupTree()
  try {
    if (tree.version === 1) writeFileSync(`${tree.directory('freezer', path)}/freezer.state`, frozen ? 'FROZEN' : 'THAWED')
    else writeFileSync(`${tree.directories(path)[0]}/cgroup.freeze`, frozen ? '1' : '0')
    return true
  } catch (error) {
    if (!['ENOENT', 'ENODEV'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
    return false
  }
}

function isFrozen(path: string): boolean {
  const tree = cgroupTree()
  if (tree.version === 1) return readControl(tree.directory('freezer', path), 'freezer.state') === 'FROZEN'
  return readPairs(tree.directories(path)[0], 'cgroup.events').get('frozen') === 1
}
