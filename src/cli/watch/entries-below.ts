import { readdirSync, type Dirent } from 'node:fs'

/**
 * All that is below a directory, as paths relative to it, directories before what is in them. What others take away meanwhile is left out,
 * where Node's own recursive `readdirSync` would throw.
 */
export function* entriesBelow(directory: string, below = ''): Generator<{ readonly path: string; readonly isDirectory: boolean }> {
  for (const entry of entriesOf(`${directory}/${below}`)) {
    const path = below === '' ? entry.name : `${below}/${entry.name}`
    yield { path, isDirectory: entry.isDirectory() }
    if (entry.isDirectory()) yield* entriesBelow(directory, path)
  }
}

function entriesOf(directory: string): Dirent[] {
  try {
    return readdirSync(directory, { withFileTypes: true })
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return []
    throw error
  }
}
