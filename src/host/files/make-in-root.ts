import { closeSync, mkdirSync, openSync, readlinkSync } from 'node:fs'
import { isInRoot, openDirectoryInRoot } from './open-in-root.ts'
import type { OpenDirectory } from './directory.ts'

/**
 * Makes a directory, or an empty file, with the directories above it (mode 0755), where `path` is not there yet. Links are
 * followed as if `root` were the file system's root.
 */
export function makeInRoot(root: OpenDirectory, path: string, kind: 'directory' | 'file'): void {
  make(root, path, { kind, hops: 0 })
}

/** As many links as the kernel follows. */
const mostHops = 40

interface Wanted {
  readonly kind: 'directory' | 'file'
  readonly hops: number
}

function make(root: OpenDirectory, path: string, { kind, hops }: Wanted): void {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.')
  parts.forEach((name, index) => {
    const at = parts.slice(0, index + 1).join('/')
    if (isInRoot(root, at)) return
    using parent = openDirectoryInRoot(root, parts.slice(0, index).join('/'))
    if (kind === 'file' && index === parts.length - 1) closeSync(openSync(parent.path(name), 'wx', 0o644))
    else makeDirectory(root, { parent, above: parts.slice(0, index).join('/'), name }, hops)
  })
}

/** Where a link leads to nothing, what it leads to is made. */
function makeDirectory(
  root: OpenDirectory,
  { parent, above, name }: { readonly parent: OpenDirectory; readonly above: string; readonly name: string },
  hops: number,
): void {
  try {
    mkdirSync(parent.path(name), { mode: 0o755 })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || hops >= mostHops) throw error
    const target = readLink(parent.path(name))
    if (target === undefined) throw error
    make(root, target.startsWith('/') ? target : `${above}/${target}`, { kind: 'directory', hops: hops + 1 })
  }
}

/** In latin1, as paths of a tree are; undefined for what is no link. */
function readLink(path: Buffer): string | undefined {
  try {
    return readlinkSync(path, 'latin1')
  } catch {
    return undefined
  }
}
