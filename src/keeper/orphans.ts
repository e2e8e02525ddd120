import type { ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import { children, reap, takeOrphans } from '#host/kernel/orphans.ts'

/** Children that Node waits for. */
const started = new Set<number>()

/** Leaves a child that was started here to Node, which alone may learn how it ended. */
export function leaveToNode(child: ChildProcess): void {
  const { pid } = child
  if (pid === undefined) return
  started.add(pid)
  child.once('exit', () => started.delete(pid))
}

/**
 * Takes in what dead runtimes leave behind. A runtime that can't start an exec session leaves a dead process in the container's PID
 * namespace, and the kernel ends that only when somebody has reaped it: a machine's first process may take a second for it.
 */
export function reapOrphans(): void {
  if (!existsSync(`/proc/self/task/${process.pid}/children`)) return
  takeOrphans()
  process.on('SIGCHLD', () => {
    for (const pid of children()) if (!started.has(pid)) reap(pid)
  })
}
