import { closeSync, openSync } from 'node:fs'
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
