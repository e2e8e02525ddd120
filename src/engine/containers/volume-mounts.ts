import type { Engine } from './engine.ts'
import type { Container } from './model.ts'

/** Mounts what the container's volumes are made of, where they are more than directories (tmpfs, nfs, a device). */
export async function mountVolumes(engine: Engine, container: Container): Promise<void> {
  for (const name of volumesOf(container)) await engine.volumes.mount(name, container.id)
}

/** It has them mounted since before the daemon started. */
export function holdVolumes(engine: Engine, container: Container): void {
  for (const name of volumesOf(container)) engine.volumes.hold(name, container.id)
}

/** Unmounts them again, but for those that another container has mounted. */
export function unmountVolumes(engine: Engine, container: Container): void {
  for (const name of volumesOf(container)) engine.volumes.unmount(name, container.id)
}

/** Tells of each of the container's volumes that it has it now, or no longer (moby, daemon/volumes_unix.go and UnmountVolumes). */
export function tellVolumes({ events }: Engine, { id, mounts }: Container, action: 'mount' | 'unmount'): void {
  for (const { type, name, destination, readOnly } of mounts) {
    if (type !== 'volume' || name === undefined) continue
    const where = { destination, 'read/write': String(!readOnly), propagation: '' }
    events.emit('volume', action, name, { driver: 'local', container: id, ...(action === 'mount' && where) })
  }
}

/** The names of the volumes that it mounts. */
export function volumesOf({ mounts }: Container): string[] {
  return mounts.flatMap(({ type, name }) => (type === 'volume' && name !== undefined ? [name] : []))
}
