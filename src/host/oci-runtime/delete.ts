import { existsSync } from 'node:fs'
import { run } from '#host/process/run.ts'
import { hybridCgroup2Mount, withRuntimeView } from './hybrid.ts'

/**
 * Deletes what a runtime left of a container, its processes, cgroup and state: one that was killed, or asked to keep them. A
 * runtime that ends by itself leaves nothing, which costs one look here. `command` is the runtime with its global options.
 */
export async function deleteLeftovers(
  { command, root }: { readonly command: readonly string[]; readonly root: string },
  id: string,
): Promise<void> {
  if (!existsSync(`${root}/${id}`)) return
  const [program = '', ...options] = command
  await withRuntimeView({ cgroup2: hybridCgroup2Mount() }, () => run(program, [...options, 'delete', '--force', id]))
}
