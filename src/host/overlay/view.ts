import { closeSync, openSync, statSync } from 'node:fs'
import { copyUp } from '#host/files/copy-up.ts'
import { OpenDirectory } from '#host/files/directory.ts'
import { openInRoot } from '#host/files/open-in-root.ts'
import { makeInRoot } from '#host/files/make-in-root.ts'
import { MS, mount } from '#host/kernel/mount.ts'
import { CLONE, insideNamespace, unshare } from '#host/kernel/namespace.ts'
import { mountOverlay, type OverlaySpec } from './mount.ts'

export interface Bind {
  readonly source: string
  /** The part of `source` that is bound; all of it when undefined. */
  readonly subpath: string | undefined
  readonly destination: string
  readonly readOnly: boolean
  /** An empty volume, which takes over what it covers. */
  readonly fill: boolean
}

export interface ViewSpec extends OverlaySpec {
  readonly binds: readonly Bind[]
  readonly readOnly: boolean
}

/** A file system that only its holder sees; disposing it unmounts everything. */
export interface View extends Disposable {
  readonly root: OpenDirectory
}

/**
 * Mounts an overlay and binds into it in a mount namespace that has no process and no name: only the returned root leads
 * there, nothing shows on the host, and the kernel unmounts all of it when it is disposed or this process dies.
 */
export function openView({ binds, readOnly, ...overlay }: ViewSpec): View {
  const enter = (): void => {
    unshare(CLONE.NEWNS)
    mount('none', '/', '', MS.REC | MS.PRIVATE)
  }
  return insideNamespace(CLONE.NEWNS, enter, () => {
    const merged = mountOverlay(overlay)
    const root = OpenDirectory.at(merged)
    const namespace = openSync('/proc/thread-self/ns/mnt', 'r')
    const view = {
      root,
      [Symbol.dispose]: (): void => {
        root[Symbol.dispose]()
        closeSync(namespace)
      },
    }
    try {
      for (const one of binds.toSorted((a, b) => a.destination.length - b.destination.length)) bind(root, one)
      if (readOnly) mount('none', merged, '', MS.REMOUNT | MS.BIND | MS.RDONLY)
      return view
    } catch (error) {
      view[Symbol.dispose]()
      throw error
    }
  })
}

/** Mounted on the descriptor that the kernel resolved, not on a path, so that no link in the image leads it out. */
function bind(root: OpenDirectory, { source, subpath, destination, readOnly, fill }: Bind): void {
  using whole = subpath === undefined ? undefined : OpenDirectory.at(source)
  using part = whole && openInRoot(whole, subpath ?? '')
  const from = part?.path ?? source
  const kind = statSync(from).isDirectory() ? 'directory' : 'file'
  if (fill && kind === 'directory') copyUp(root, destination, from)
  makeInRoot(root, destination, kind)
  using place = openInRoot(root, destination)
  mount(from, place.path, '', MS.BIND | MS.REC)
  if (!readOnly) return
  // A new look at the same path leads to what was mounted there.
  using mounted = openInRoot(root, destination)
  mount('none', mounted.path, '', MS.REMOUNT | MS.BIND | MS.RDONLY)
}
