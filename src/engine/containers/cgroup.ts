import type { Engine } from './engine.ts'
import type { Container } from './model.ts'

/**
 * Path of a container's control group, "/…" below each controller's tree: under the instance's own parent, whose limit
 * leaves the host a reserve, unless another parent was asked for.
 */
export function groupOf(engine: Engine, { id, hostConfig: { CgroupParent } }: Container): string {
  if (CgroupParent === '') return `${engine.cgroup}/${id}`
  const parts = CgroupParent.split('/').filter((part) => part !== '' && part !== '.' && part !== '..')
  return `/${[...parts, id].join('/')}`
}
