import { fstatSync, lstatSync, type Stats } from 'node:fs'
import { OpenDirectory } from '#host/files/directory.ts'
import { isOpaque, layerAttributes } from './attributes.ts'

export interface Change {
  readonly kind: 'modified' | 'added' | 'deleted'
  /** Below the root, without a leading slash; bytes as latin1. */
  readonly path: string
}

export interface Overlay {
  readonly upper: string
  /** Lowest first. */
  readonly lowers: readonly string[]
  /** Paths that the runtime makes when they are missing, to mount on them: no change while they are empty. */
  readonly mountPoints: ReadonlySet<string>
}

/**
 * What an overlay's upper directory changes in the layers below, parents before children, names in the order of their
 * bytes. A directory that was only touched by what came or went in it counts as modified when that is a change itself.
 */
export function changesOf({ upper, lowers, mountPoints }: Overlay): Change[] {
  using root = OpenDirectory.at(upper)
  return below(root, { path: '', lowers: lowers.toReversed(), mountPoints })
}

interface Place {
  /** Ends with a slash, but for the root's. */
  readonly path: string
  /** This directory in the layers below, topmost first. */
  readonly lowers: readonly string[]
  readonly mountPoints: ReadonlySet<string>
}

function below(directory: OpenDirectory, place: Place): Change[] {
  return directory.names().flatMap((name) => changesAt(directory, name, place))
}

function changesAt(directory: OpenDirectory, name: string, { path: parent, lowers, mountPoints }: Place): Change[] {
  const stat = lstatSync(directory.path(name), { throwIfNoEntry: false })
  if (stat === undefined) return []
  const path = parent + name
  const old = find(lowers, name)
  if (stat.isCharacterDevice() && stat.rdev === 0) return old === undefined ? [] : [{ kind: 'deleted', path }]
  const kind = old === undefined ? 'added' : 'modified'
  if (!stat.isDirectory()) return old === undefined && stat.size === 0 && mountPoints.has(path) ? [] : [{ kind, path }]
  using inner = directory.open(name)
  const opaque = isOpaque(inner.path('.'))
  const children = below(inner, { path: `${path}/`, lowers: opaque ? [] : (old?.directories ?? []), mountPoints })
  const alike = old === undefined ? mountPoints.has(path) : !opaque && sameDirectory(old, inner)
  return alike && children.length === 0 ? [] : [{ kind, path }, ...children]
}

interface Old {
  readonly path: string
  readonly stat: Stats
  /** The directory's parts in the layers, topmost first; empty for anything else. */
  readonly directories: readonly string[]
}

/** An entry as the layers below show it, merged as overlayfs does. */
function find(lowers: readonly string[], name: string): Old | undefined {
  const parts: { readonly path: string; readonly stat: Stats }[] = []
  for (const lower of lowers) {
    const path = `${lower}/${name}`
    const stat = lstatSync(bytes(path), { throwIfNoEntry: false })
    if (stat === undefined) continue
    if (stat.isCharacterDevice() && stat.rdev === 0) break
    if (parts.length === 0 || stat.isDirectory()) parts.push({ path, stat })
    if (!stat.isDirectory() || isOpaque(bytes(path))) break
  }
  const top = parts[0]
  return top && { ...top, directories: top.stat.isDirectory() ? parts.map(({ path }) => path) : [] }
}

/** Times are left out: they change with everything that comes or goes in a directory. */
function sameDirectory({ path, stat: old }: Old, directory: OpenDirectory): boolean {
  const stat = fstatSync(directory.fd)
  const attributes = (of: Buffer): string => JSON.stringify([...layerAttributes(of)])
  const same = stat.mode === old.mode && stat.uid === old.uid && stat.gid === old.gid
  return same && attributes(directory.path('.')) === attributes(bytes(path))
}

function bytes(path: string): Buffer {
  return Buffer.from(path, 'latin1')
}
