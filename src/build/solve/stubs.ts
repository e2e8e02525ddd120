import { closeSync, lstatSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { resolveInRoot } from '#host/files/resolve.ts'
import type { Stage } from './stage.ts'

/** A place in a container that something is mounted on. */
export interface Stub {
  readonly path: string
  readonly isDirectory: boolean
}

const always: readonly Stub[] = [
  ...['/proc', '/sys', '/dev'].map((path) => ({ path, isDirectory: true })),
  ...['/etc/hosts', '/etc/hostname', '/etc/resolv.conf'].map((path) => ({ path, isDirectory: false })),
]

/**
 * A directory to lie below all layers of a step's container, with the places that things are mounted on: the runtime would make
 * those that the image lacks, and they would end up in the step's layer. What the image has itself hides them.
 */
export function stubs(stage: Stage, more: readonly Stub[]): string {
  const { workspace } = stage.solver
  const root = workspace.fresh()
  const tree = workspace.tree(stage.layers)
  for (const { path, isDirectory } of [...always, ...more]) {
    // A link of the image on the way leads to where the runtime will mount.
    const place = root + resolveInRoot(tree, path).slice(tree.length)
    if (lstatSync(place, { throwIfNoEntry: false }) !== undefined) continue
    mkdirSync(isDirectory ? place : dirname(place), { recursive: true, mode: 0o755 })
    if (!isDirectory) closeSync(openSync(place, 'w', 0o644))
  }
  return root
}
