import { existsSync, mkdirSync } from 'node:fs'
import { GalleyError } from '#base/error.ts'
import { mount, MS, unmount } from '#host/kernel/mount.ts'
import type { Engine } from './engine.ts'
import type { Container } from './model.ts'

/** Where a container's shared memory (/dev/shm) comes from. */
export type SharedMemory = { readonly kind: 'own' } | { readonly kind: 'none' } | { readonly kind: 'bind'; readonly source: string }

/** The `linux.namespaces` section (runtime-spec, config-linux.md): own ones, but for those shared with the host or a container. */
export function namespacesFor(engine: Engine, { hostConfig }: Container, network: string | undefined): object[] {
  const { PidMode, IpcMode, UTSMode, CgroupnsMode } = hostConfig
  return [
    { type: 'mount' },
    ...shared('pid', PidMode, (other) => `/proc/${running(engine, other, 'PID').state.pid}/ns/pid`),
    ...shared('ipc', IpcMode, (other) => `/proc/${donor(engine, other).state.pid}/ns/ipc`),
    ...(UTSMode === 'host' ? [] : [{ type: 'uts' }]),
    ...(CgroupnsMode === 'private' ? [{ type: 'cgroup' }] : []),
    ...(network === undefined ? [] : [{ type: 'network', path: network }]),
  ]
}

function shared(type: string, mode: string, pathOf: (container: string) => string): object[] {
  if (mode === 'host') return []
  return [mode.startsWith('container:') ? { type, path: pathOf(mode.slice('container:'.length)) } : { type }]
}

function running(engine: Engine, reference: string, what: string): Container {
  const other = engine.containers.get(reference)
  if (other.state.status !== 'running')
    throw new GalleyError('conflict', `cannot join ${what} namespace of a non running container: ${other.id}`)
  return other
}

/** A container that lends its IPC namespace; it must have been made for that, as its shared memory is a mount of its own else. */
function donor(engine: Engine, reference: string): Container {
  const other = running(engine, reference, 'IPC')
  if (other.hostConfig.IpcMode !== 'shareable') {
    throw new GalleyError(
      'conflict',
      `can't join IPC of container ${other.id}: non-shareable IPC (hint: use IpcMode:shareable for the donor container)`,
    )
  }
  return other
}

/** Prepares what will be mounted on /dev/shm; a container that lends its own has it mounted on the host. */
export function sharedMemoryFor(engine: Engine, { id, hostConfig: { IpcMode, ShmSize } }: Container): SharedMemory {
  if (IpcMode === 'none') return { kind: 'none' }
  if (IpcMode === 'host') return { kind: 'bind', source: '/dev/shm' }
  if (IpcMode.startsWith('container:'))
    return { kind: 'bind', source: shmDirectory(engine, donor(engine, IpcMode.slice('container:'.length)).id) }
  if (IpcMode !== 'shareable') return { kind: 'own' }
  const source = shmDirectory(engine, id)
  releaseSharedMemory(engine, id)
  mkdirSync(source, { recursive: true })
  mount('shm', source, 'tmpfs', MS.NOSUID | MS.NODEV | MS.NOEXEC, `mode=1777,size=${ShmSize}`)
  return { kind: 'bind', source }
}

export function releaseSharedMemory(engine: Engine, id: string): void {
  const source = shmDirectory(engine, id)
  if (!existsSync(source)) return
  try {
    unmount(source)
  } catch {
    // It was not mounted.
  }
}

function shmDirectory(engine: Engine, id: string): string {
  return `${engine.data}/containers/${id}/shm`
}
