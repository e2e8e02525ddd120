import { writeFileSync } from 'node:fs'
import { sleep, systemClock } from '#base/clock.ts'
import { GalleyError } from '#base/error.ts'
import { readControl, readPairs } from './files.ts'
import { cgroupTree } from './tree.ts'

const attempts = 1000

/**
 * Stops every process of a group where it is (cgroups(7), freezer; version 2: cgroup.freeze). Resolves when all have
 * stopped, which takes as long as their longest system call. Throws `timeout` after a second, everything running again.
 */
export async function freeze(path: string): Promise<void> {
  for (let attempt = 0; attempt < attempts; attempt++) {
    // Version 1 finishes the job only when asked again: processes that were forking meanwhile escaped the first time.
    setFrozen(path, true)
    if (isFrozen(path)) return
    await sleep(systemClock, 1)
  }
  setFrozen(path, false)
  throw new GalleyError('timeout', `unable to freeze ${path}`, { subject: path })
}

export function thaw(path: string): void {
  setFrozen(path, false)
}

function setFrozen(path: string, frozen: boolean): void {
  const tree = cgroupTree()
  if (tree.version === 1) writeFileSync(`${tree.directory('freezer', path)}/freezer.state`, frozen ? 'FROZEN' : 'THAWED')
  else writeFileSync(`${tree.directories(path)[0]}/cgroup.freeze`, frozen ? '1' : '0')
}

function isFrozen(path: string): boolean {
  const tree = cgroupTree()
  if (tree.version === 1) return readControl(tree.directory('freezer', path), 'freezer.state') === 'FROZEN'
  return readPairs(tree.directories(path)[0], 'cgroup.events').get('frozen') === 1
}
