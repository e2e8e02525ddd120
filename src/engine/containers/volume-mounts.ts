import type { Engine } from './engine.ts'
import type { Container } from './model.ts'
import { hasProcesses } from './status.ts'

/** Mounts what the container's volumes are made of, where they are more than directories (tmpfs, nfs, a device). */
export async function mountVolumes(engine: Engine, container: Container): Promise<void> {
  for (const name of volumesOf(container)) await engine.volumes.mount(name)
}

/** Unmounts them again, but for those that another container runs with. */
export function unmountVolumes(engine: Engine, container: Container): void {
  const others = engine.containers.list().filter((other) => other.id !== container.id && hasProcesses(other))
  const taken = new Set(others.flatMap(volumesOf))
  for (const name of volumesOf(container)) if (!taken.has(name)) engine.volumes.unmount(name)
}

/** The names of the volumes that it mounts. */
export function volumesOf({ mounts }: Container): string[] {
  return mounts.flatMap(({ type, name }) => (type === 'volume' && name !== undefined ? [name] : []))
}
