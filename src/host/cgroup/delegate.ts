import { writeFileSync } from 'node:fs'
import { readControl } from './files.ts'
import { cgroupTree } from './tree.ts'

/**
 * Version 2 only: lets the groups below `path` use all controllers, which each group above must hand on too
 * (`cgroup.subtree_control`). What a group that has processes itself can't hand on is left out.
 */
export function delegate(path: string): void {
  const names = path.split('/').filter((name) => name !== '')
  for (let depth = 0; depth <= names.length; depth++) handOn(`${cgroupTree().directories('')[0]}/${names.slice(0, depth).join('/')}`)
}

function handOn(directory: string): void {
  const list = (file: string): string[] => (readControl(directory, file) ?? '').split(' ').filter((name) => name !== '')
  const handed = new Set(list('cgroup.subtree_control'))
  for (const controller of list('cgroup.controllers').filter((name) => !handed.has(name))) {
    try {
      writeFileSync(`${directory}/cgroup.subtree_control`, `+${controller}`)
    } catch {
      // Its own processes keep the group from it, or the controller is busy elsewhere: the runtime says what it misses.
    }
  }
}
