import { existsSync, readFileSync } from 'node:fs'
import { release } from 'node:os'
import { failure, ok, type Finding } from './finding.ts'

/** Whether the kernel knows overlayfs: as of now (`known`, proc(5)), or by a module that it loads at the first mount (`modules`, modules.dep(5)). */
export function overlay(known = readFileSync('/proc/filesystems', 'utf8'), modules = installedModules()): Finding {
  return /\toverlay$/m.test(known) || /\/overlay\.ko\b/.test(modules)
    ? ok('the kernel has overlayfs')
    : failure('the kernel lacks overlayfs', 'modprobe overlay')
}

function installedModules(): string {
  const path = `/lib/modules/${release()}/modules.dep`
  return existsSync(path) ? readFileSync(path, 'utf8') : ''
}
