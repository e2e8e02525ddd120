import { existsSync } from 'node:fs'
import { run } from '#host/process/run.ts'
import { hybridCgroup2Mount, withoutCgroup2 } from './hybrid.ts'

/**
 * Deletes what a runtime that was killed left of a container: its processes, cgroup and state. A runtime that ends by itself
 * leaves nothing, which costs one look here.
 */
export async function deleteLeftovers({ program, root }: { readonly program: string; readonly root: string }, id: string): Promise<void> {
  if (!existsSync(`${root}/${id}`)) return
  await withoutCgroup2(hybridCgroup2Mount(), () => run(program, ['--root', root, '--cgroup-manager', 'cgroupfs', 'delete', '--force', id]))
}
