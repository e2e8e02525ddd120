import { existsSync, renameSync } from 'node:fs'
import { groupProcesses } from '#host/cgroup/processes.ts'
import { discard } from '#host/files/discard.ts'
import { namesIn } from '#host/files/names.ts'
import { unmount } from '#host/kernel/mount.ts'
import { mountsBelow } from '#host/kernel/mounts-below.ts'
import { deleteNetworkNamespace } from '#host/netns/create.ts'
import { sendSignal } from '#host/process/signal.ts'
import { groupOf } from '#engine/containers/cgroup.ts'
import type { Engine } from '#engine/containers/engine.ts'
import type { Container } from '#engine/containers/model.ts'
import { endRuntimes } from '#engine/containers/start.ts'
import { hasProcesses } from '#engine/containers/status.ts'

/**
 * Clears away what a crash or a power cut left: processes, mounts, network namespaces and volatile directories of containers that don't run,
 * directories without a record, and the trash. Call it when the records are true.
 */
export function collectOrphans(engine: Engine): void {
  const { data, run, containers } = engine
  const running = new Set(containers.list().flatMap((container) => (hasProcesses(container) ? [container.id] : [])))
  const unknown = (id: string): boolean => containers.find(id) === undefined
  for (const container of containers.list()) if (!running.has(container.id)) endLeftOver(engine, container)
  for (const path of mountsBelow(`${data}/containers/`)) {
    if (!running.has(path.slice(`${data}/containers/`.length).split('/')[0] ?? '')) unmount(path)
  }
  for (const id of namesIn(`${run}/netns`)) if (!running.has(id)) deleteNetworkNamespace(`${run}/netns/${id}`)
  for (const id of namesIn(`${data}/containers`).filter(unknown)) renameSync(`${data}/containers/${id}`, freeName(`${data}/trash/${id}`))
  for (const id of namesIn(`${run}/containers`).filter((one) => !running.has(one))) {
    endRuntimes(`${run}/containers/${id}`)
    discard(`${run}/containers/${id}`)
  }
  for (const name of namesIn(`${data}/trash`)) discard(`${data}/trash/${name}`)
}

/** Of a container that nobody holds any more, as what was in the run directory was deleted: it would have ports and files still. */
function endLeftOver(engine: Engine, container: Container): void {
  for (const pid of groupProcesses(groupOf(engine, container))) sendSignal(pid, 'SIGKILL')
}

function freeName(path: string): string {
  return existsSync(path) ? freeName(`${path}+`) : path
}
