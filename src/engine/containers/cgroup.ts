import { cgroupTree } from '#host/cgroup/tree.ts'
import type { Engine } from './engine.ts'
import type { Container } from './model.ts'

/**
 * Path of a container's control group, "/…" below each controller's tree: under the instance's own parent, whose limit
 * leaves the host a reserve, unless another parent was asked for. In version 2 it lies in a group that outlives it (host/cgroup/hold.ts).
 */
export function groupOf(engine: Engine, { id, hostConfig: { CgroupParent } }: Container): string {
  const own = cgroupTree().version === 2 ? `${id}/container` : id
  if (CgroupParent === '') return `${engine.cgroup}/${own}`
  const parts = CgroupParent.split('/').filter((part) => part !== '' && part !== '.' && part !== '..')
  return `/${[...parts, own].join('/')}`
}
