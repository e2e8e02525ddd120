import { closeSync, openSync, statfsSync } from 'node:fs'
import { CLONE, insideNamespace, setns } from '#host/kernel/namespace.ts'

/** Runs a synchronous `task` on this thread inside the network namespace that is mounted on `path`. */
export function insideNetworkNamespace<T>(path: string, task: () => T): T {
  const namespace = openSync(path, 'r')
  try {
    return insideNamespace(CLONE.NEWNET, () => setns(namespace, CLONE.NEWNET), task)
  } finally {
    closeSync(namespace)
  }
}

/** Whether a namespace is mounted on `path`: after a reboot only the empty file is left. */
export function isNamespace(path: string): boolean {
  const NSFS_MAGIC = 0x6e736673
  try {
    return statfsSync(path).type === NSFS_MAGIC
  } catch {
    return false
  }
}
