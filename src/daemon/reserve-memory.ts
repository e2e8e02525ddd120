import { totalmem } from 'node:os'
import { messageOf } from '#base/error.ts'
import type { Engine } from '#engine/containers/engine.ts'
import { limitParent } from '#host/cgroup/parent.ts'
import type { Config } from './config.ts'

/**
 * Containers without a limit of their own must not take the host's last memory. Daemon, keeper and host live outside of the
 * group that is limited here; when it is full, the kernel ends a process of one container.
 */
export function reserveMemory({ cgroup, log }: Engine, { memoryReserve }: Config): void {
  try {
    limitParent(cgroup, totalmem() - memoryReserve)
  } catch (error) {
    log.warn('the memory of all containers together is not limited', { group: cgroup, error: messageOf(error) })
  }
}
