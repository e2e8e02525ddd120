import { posix } from 'node:path'
import type { Client, Stat } from '../client.ts'
import { kindOfMode } from './file-mode.ts'

const mostLinks = 16

/** One file of a client's directory, links followed inside it; undefined when there is none. */
export async function readFile(
  client: Client,
  { directory, path }: { readonly directory: string; readonly path: string },
  signal: AbortSignal,
): Promise<Buffer | undefined> {
  const files = client.files({ directory, follow: [path] }, signal)
  const stats = await files.stats()
  const index = find(stats, posix.normalize(path))
  const chunks: Buffer[] = []
  if (index !== undefined) await files.receive([[index, () => ({ write: (chunk) => chunks.push(chunk), end: () => undefined })]])
  await files.finish()
  return index === undefined ? undefined : Buffer.concat(chunks)
}

function find(stats: readonly Stat[], start: string): number | undefined {
  let path = start
  for (let hop = 0; hop < mostLinks; hop++) {
    const index = stats.findIndex((each) => each.path === path)
    const found = stats[index]
    if (found === undefined) return undefined
    if (kindOfMode(found.mode) === 'file') return index
    if (kindOfMode(found.mode) !== 'symlink') return undefined
    path = posix.join('/', posix.dirname(path), found.link).slice(1)
  }
  return undefined
}
