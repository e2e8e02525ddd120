import { posix } from 'node:path'
import { checkTextSize } from '#build/context/text-file.ts'
import type { Client, FileSink, Stat } from '../client.ts'
import { kindOfMode } from './file-mode.ts'

const mostLinks = 16

/** One file of a client's directory, links followed inside it; undefined when there is none. */
export async function readFile(
  client: Client,
  { directory, path }: { readonly directory: string; readonly path: string },
  signal: AbortSignal,
): Promise<Buffer | undefined> {
  return (await readFiles(client, { directory, paths: [path] }, signal)).get(path)
}

/** Several, in one exchange with the client: those that are there, by path. */
export async function readFiles(
  client: Client,
  { directory, paths }: { readonly directory: string; readonly paths: readonly string[] },
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Buffer>> {
  const files = client.files({ directory, follow: paths }, signal)
  const stats = await files.stats()
  const found = paths.flatMap((path) => {
    const index = find(stats, posix.normalize(path))
    return index === undefined ? [] : [{ path, index, chunks: [] as Buffer[] }]
  })
  let size = 0
  const sinkOf = (wanted: number) => (): FileSink => ({
    write: (chunk) => {
      checkTextSize(paths[0] ?? directory, (size += chunk.length))
      for (const { index, chunks } of found) if (index === wanted) chunks.push(Buffer.from(chunk))
    },
    end: () => undefined,
  })
  // Two paths can lead to the same file, which comes once.
  const indexes = [...new Set(found.map(({ index }) => index))]
  if (indexes.length > 0) await files.receive(indexes.map((index) => [index, sinkOf(index)]))
  files.finish()
  return new Map(found.map(({ path, chunks }) => [path, Buffer.concat(chunks)]))
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
