import { existsSync } from 'node:fs'
import { ifThere } from '#base/if-there.ts'
import type { Overlay } from '#content/layers/changes.ts'
import { OpenDirectory } from '#host/files/directory.ts'
import { openView, type View } from '#host/overlay/view.ts'
import type { Engine } from './engine.ts'
import type { Container, MountPoint } from './model.ts'
import { hasProcesses } from './status.ts'
import { mountVolumes, unmountVolumes } from './volume-mounts.ts'

/** What the runtime makes in an image that lacks it. */
const mountPoints: ReadonlySet<string> = new Set([
  'dev',
  'dev/console',
  'dev/mqueue',
  'dev/pts',
  'dev/shm',
  'etc',
  'etc/hostname',
  'etc/hosts',
  'etc/resolv.conf',
  'proc',
  'sys',
])

/** A container's own layer over its image's; undefined when it never had one. */
export function overlayOf(engine: Engine, { id, image }: Container): Overlay | undefined {
  const upper = `${engine.data}/containers/${id}/upper`
  return existsSync(upper) ? { upper, lowers: engine.images.resolve(image).layers, mountPoints } : undefined
}

/** Whether a mount starts with what it covers, when it holds nothing yet. */
export function takesOver({ type, noCopy }: MountPoint): boolean {
  return type === 'volume' && noCopy !== true
}

/**
 * Runs `task` on the root of a container's file system. With `mounts`, as the container itself sees it: with volumes,
 * binds, and, while it runs, all that is mounted in its own mount namespace; with `files`, it has what it saw under `/etc` of its network
 * when it ran last. A container that doesn't run is not started
 * meanwhile, as two overlays must not share an upper directory.
 */
export async function withFileSystem<T>(
  engine: Engine,
  container: Container,
  wishes: { readonly mounts: boolean; readonly files?: boolean },
  task: (root: OpenDirectory) => Promise<T>,
): Promise<T> {
  using mounted = rootOfRunning(engine, container, wishes.mounts)
  if (mounted !== undefined) return await task(mounted)
  // Its process has ended, which the record will say in a moment.
  if (isMounted(container)) await engine.containers.wait(container, 'next-exit')
  const done = await engine.containers.inTurn(container.id, async () => {
    // Somebody may have removed it meanwhile: its directory must not be made anew.
    engine.containers.get(container.id)
    return isMounted(container) ? undefined : { result: await onStopped(engine, container, wishes, task) }
  })
  // Somebody has started it meanwhile.
  return done === undefined ? await withFileSystem(engine, container, wishes, task) : done.result
}

async function onStopped<T>(
  engine: Engine,
  container: Container,
  { mounts, files = false }: { readonly mounts: boolean; readonly files?: boolean },
  task: (root: OpenDirectory) => Promise<T>,
): Promise<T> {
  try {
    if (mounts) await mountVolumes(engine, container)
    using view = viewOf(engine, container, mounts, files ? networkFiles(engine, container) : [])
    return await task(view.root)
  } finally {
    if (mounts) unmountVolumes(engine, container)
  }
}

function isMounted(container: Container): boolean {
  return hasProcesses(container) && container.state.pid > 0
}

/** Undefined for one that doesn't run, or has just ended. */
function rootOfRunning(engine: Engine, container: Container, mounts: boolean): OpenDirectory | undefined {
  const { id, state } = container
  if (!isMounted(container)) return undefined
  return ifThere(() => OpenDirectory.at(mounts ? `/proc/${state.pid}/root/` : `${engine.data}/containers/${id}/merged`))
}

/** Only to be read: in their place nothing could be put. */
function networkFiles(engine: Engine, { id, mounts }: Container): MountPoint[] {
  return ['hosts', 'hostname', 'resolv.conf']
    .map((name) => ({ source: `${engine.data}/containers/${id}/${name}`, destination: `/etc/${name}` }))
    .filter(({ source, destination }) => existsSync(source) && !mounts.some((mount) => mount.destination === destination))
    .map((place) => ({ ...place, type: 'bind', readOnly: true }))
}

function viewOf(engine: Engine, container: Container, mounts: boolean, files: readonly MountPoint[]): View {
  const points = mounts ? container.mounts.filter(({ type }) => type !== 'tmpfs' && type !== 'image') : []
  return openView({
    lower: engine.images.resolve(container.image).layers,
    directory: `${engine.data}/containers/${container.id}`,
    readOnly: mounts && container.hostConfig.ReadonlyRootfs,
    binds: [...points, ...files].map((point) => ({ ...point, subpath: point.subpath, fill: takesOver(point) })),
  })
}
