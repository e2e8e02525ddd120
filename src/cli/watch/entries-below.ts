import { readdirSync } from 'node:fs'
import { ifThere } from '#base/if-there.ts'

/**
 * All that is below a directory, as paths relative to it, directories before what is in them. What others take away meanwhile is left out,
 * where Node's own recursive `readdirSync` would throw.
 */
export function* entriesBelow(directory: string, below = ''): Generator<{ readonly path: string; readonly isDirectory: boolean }> {
  for (const entry of ifThere(() => readdirSync(`${directory}/${below}`, { withFileTypes: true })) ?? []) {
    const path = below === '' ? entry.name : `${below}/${entry.name}`
    yield { path, isDirectory: entry.isDirectory() }
    if (entry.isDirectory()) yield* entriesBelow(directory, path)
  }
}
