import { packTree } from '#content/layers/pack.ts'
import { ignoreLines, ignoring } from './ignore.ts'

/** A directory of this machine as a build context, without what its ignore file excludes. */
export function packContext(directory: string, dockerfile: string): AsyncIterable<Buffer> {
  const lines = ignoreLines(directory, dockerfile)
  const ignored = ignoring(lines)
  // What a later rule lets in again may lie deep in what an earlier one excludes: then all goes, and is sorted out afterwards.
  const exceptions = lines.some((line) => line.trimStart().startsWith('!'))
  const kept = new Set([dockerfile, '.dockerignore', `${dockerfile}.dockerignore`])
  return packTree(directory, {
    includes: (bytes) => {
      const path = Buffer.from(bytes, 'latin1').toString('utf8')
      return exceptions || kept.has(path) || !ignored(path)
    },
  })
}
