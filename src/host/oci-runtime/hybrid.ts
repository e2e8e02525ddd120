import { readFileSync } from 'node:fs'
import { holdMemoryGroup } from '#host/cgroup/hold.ts'
import { CLONE, insideNamespace, unshare } from '#host/kernel/namespace.ts'
import { MS, mount, unmount } from '#host/kernel/mount.ts'

/** Where a cgroup2 tree is mounted beside version 1 controllers, which crun takes for an unsupported hybrid; else undefined. */
export function hybridCgroup2Mount(mounts = readFileSync('/proc/self/mounts', 'utf8')): string | undefined {
  const rows = mounts.split('\n').map((line) => line.split(' '))
  const hasVersion1 = rows.some(([, , type]) => type === 'cgroup')
  return hasVersion1 ? rows.find(([, , type]) => type === 'cgroup2')?.[1] : undefined
}

/**
 * Runs `spawn` so that its child, an OCI runtime, sees the version 1 controllers alone, and can't remove the memory group
 * `held` (see host/cgroup/hold.ts). The thread takes a mount namespace of its own for the moment of the fork, as a change of
 * the whole daemon's mounts would hide later mounts from it.
 */
export function withoutCgroup2<T>(cgroup2: string | undefined, spawn: () => T, held?: string): T {
  if (cgroup2 === undefined && held === undefined) return spawn()
  const enter = (): void => {
    unshare(CLONE.NEWNS)
    mount('none', '/', '', MS.REC | MS.SLAVE)
    if (cgroup2 !== undefined) unmount(cgroup2)
    if (held !== undefined) holdMemoryGroup(held)
  }
  return insideNamespace(CLONE.NEWNS, enter, spawn)
}
