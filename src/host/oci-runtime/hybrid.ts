import { readFileSync } from 'node:fs'
import { holdMemoryGroup } from '#host/cgroup/hold.ts'
import { cgroupTree } from '#host/cgroup/tree.ts'
import { CLONE, insideNamespace, unshare } from '#host/kernel/namespace.ts'
import { MS, mount, unmount } from '#host/kernel/mount.ts'

/** Where a cgroup2 tree is mounted beside version 1 controllers, which crun takes for an unsupported hybrid; else undefined. */
export function hybridCgroup2Mount(mounts = readFileSync('/proc/self/mounts', 'utf8')): string | undefined {
  const rows = mounts.split('\n').map((line) => line.split(' '))
  const hasVersion1 = rows.some(([, , type]) => type === 'cgroup')
  return hasVersion1 ? rows.find(([, , type]) => type === 'cgroup2')?.[1] : undefined
}

/** What an OCI runtime is to see otherwise than this process does. */
export interface RuntimeView {
  /** Mount of a cgroup2 tree that it would take for an unsupported hybrid. */
  readonly cgroup2: string | undefined
  /** A memory group that it can't remove (see host/cgroup/hold.ts). */
  readonly held?: string | undefined
  /**
   * Its own program, read-only: crun makes sure that no container can write to it through /proc/PID/exe (CVE-2019-5736), and where it
   * could, starts itself a second time from a read-only mount, which costs 2 ms.
   */
  readonly program?: string | undefined
  /** What the container mounts is to reach the host (`bind-propagation=shared`). */
  readonly passesMounts?: boolean | undefined
}

/**
 * Runs `spawn` so that its child has that view. The thread takes a mount namespace of its own for the moment of the fork, as a change
 * of the whole daemon's mounts would hide later mounts from it.
 */
export function withRuntimeView<T>({ cgroup2, held, program, passesMounts }: RuntimeView, spawn: () => T): T {
  if (cgroup2 === undefined && held === undefined && program === undefined) return spawn()
  const enter = (): void => {
    unshare(CLONE.NEWNS)
    if (passesMounts === true) for (const path of [cgroup2, groupDirectory(held), program]) keepToOneself(path)
    else mount('none', '/', '', MS.REC | MS.SLAVE)
    if (cgroup2 !== undefined) unmount(cgroup2)
    if (held !== undefined) holdMemoryGroup(held)
    if (program !== undefined) makeReadOnly(program)
  }
  return insideNamespace(CLONE.NEWNS, enter, spawn)
}

function groupDirectory(group: string | undefined): string | undefined {
  return group === undefined ? undefined : cgroupTree().directory('memory', group)
}

/** What is changed at `path` changes nothing in other namespaces; all other mounts stay tied to theirs. */
function keepToOneself(path: string | undefined): void {
  if (path === undefined) return
  const points = readFileSync('/proc/thread-self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
  const above = points.filter((point) => point === '/' || path.startsWith(`${point}/`)).toSorted((a, b) => b.length - a.length)
  if (above[0] !== undefined) mount('none', above[0], '', MS.SLAVE)
}

function makeReadOnly(path: string): void {
  mount(path, path, '', MS.BIND)
  mount('none', path, '', MS.REMOUNT | MS.BIND | MS.RDONLY)
}
