import { lstatSync, rmdirSync, unlinkSync } from 'node:fs'
import type { OpenDirectory } from './directory.ts'

/** Removes an entry of a directory with all below it; a link that takes a directory's place meanwhile is never followed. */
export function removeIn(directory: OpenDirectory, name: string): void {
  const path = directory.path(name)
  const stat = lstatSync(path, { throwIfNoEntry: false })
  if (stat === undefined) return
  if (!stat.isDirectory()) {
    unlinkSync(path)
    return
  }
  {
    using inner = directory.open(name)
    for (const one of inner.names()) removeIn(inner, one)
  }
  rmdirSync(path)
}
