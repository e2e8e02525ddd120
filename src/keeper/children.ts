import type { ChildProcess } from 'node:child_process'
import { children, reap, takeOrphans } from '#host/kernel/orphans.ts'
import { spawnDetached, type DetachedProcess } from '#host/process/detached.ts'

/** Children that Node waits for, which alone may learn how they ended. */
const nodes = new Set<number>()
/** What to do when a child of ours has ended. */
const ours = new Map<number, () => void>()

export function leaveToNode(child: ChildProcess): void {
  const { pid } = child
  if (pid === undefined) return
  nodes.add(pid)
  child.once('exit', () => nodes.delete(pid))
}

/** Starts a process, see `spawnDetached`, and returns its id, which nobody else is given before `onEnd` is called: when it has ended. */
export function startChild(process: DetachedProcess, onEnd: () => void): number {
  const pid = spawnDetached(process)
  ours.set(pid, onEnd)
  return pid
}

/**
 * Waits for the children that Node doesn't wait for: those of `startChild`, and what dead runtimes leave behind. A runtime that can't
 * start an exec session leaves a dead process in the container's PID namespace, and the kernel ends that only when somebody has reaped
 * it: a machine's first process may take a second for it.
 */
export function reapChildren(): void {
  takeOrphans()
  process.on('SIGCHLD', () => {
    for (const pid of new Set([...children(), ...ours.keys()])) {
      if (nodes.has(pid) || !reap(pid)) continue
      const onEnd = ours.get(pid)
      ours.delete(pid)
      onEnd?.()
    }
  })
}
