import { closeSync, mkdirSync, openSync } from 'node:fs'
import { isInRoot, openDirectoryInRoot } from './open-in-root.ts'
import type { OpenDirectory } from './directory.ts'

/**
 * Makes a directory, or an empty file, with the directories above it (mode 0755), where `path` is not there yet. Links are
 * followed as if `root` were the file system's root.
 */
export function makeInRoot(root: OpenDirectory, path: string, kind: 'directory' | 'file'): void {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.')
  parts.forEach((name, index) => {
    const at = parts.slice(0, index + 1).join('/')
    if (isInRoot(root, at)) return
    using parent = openDirectoryInRoot(root, parts.slice(0, index).join('/'))
    if (kind === 'file' && index === parts.length - 1) closeSync(openSync(parent.path(name), 'wx', 0o644))
    else mkdirSync(parent.path(name), { mode: 0o755 })
  })
}
