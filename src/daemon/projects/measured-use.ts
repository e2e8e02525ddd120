import { readFileSync } from 'node:fs'
import type { Use } from '#diagnose/use.ts'
import type { Engine } from '#engine/containers/engine.ts'
import type { Container } from '#engine/containers/model.ts'
import { sampleOf } from '#engine/containers/sample.ts'

/** What a running container takes of the machine; undefined when it doesn't run. */
export function useOf(engine: Engine, container: Container): Use | undefined {
  const sample = sampleOf(engine, container)
  if (sample === undefined) return undefined
  const { cpu, memory } = sample.group
  const age = Math.max(1, sample.at - container.state.startedAt)
  // As `docker stats` takes it off: of version 1 the total of the group and those below it.
  const idle = memory.stat.get('total_inactive_file') ?? memory.stat.get('inactive_file') ?? 0
  return {
    memory: Math.max(0, memory.usage - idle),
    most: memory.most,
    processors: cpu.total / 1e6 / age,
    age,
    user: userOf(container.state.pid),
  }
}

/** The effective user id of a process (proc_pid_status(5)); undefined when it is gone. */
function userOf(pid: number): number | undefined {
  try {
    const [, id] = /^Uid:\t\d+\t(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
    return id === undefined ? undefined : Number(id)
  } catch {
    return undefined
  }
}
