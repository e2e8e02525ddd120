import type { Engine } from './engine.ts'
import type { Container } from './model.ts'

/** Mounts what the container's volumes are made of, where they are more than directories (tmpfs, nfs, a device). */
export async function mountVolumes(engine: Engine, container: Container): Promise<void> {
  for (const name of volumesOf(container)) await engine.volumes.mount(name)
}

/** Unmounts them again, but for those that another container runs with. */
export function unmountVolumes(engine: Engine, container: Container): void {
  const others = engine.containers.list().filter(({ id, state }) => id !== container.id && ['running', 'paused'].includes(state.status))
  const taken = new Set(others.flatMap(volumesOf))
  for (const name of volumesOf(container)) if (!taken.has(name)) engine.volumes.unmount(name)
}

function volumesOf({ mounts }: Container): string[] {
  return mounts.flatMap(({ type, name }) => (type === 'volume' && name !== undefined ? [name] : []))
}
