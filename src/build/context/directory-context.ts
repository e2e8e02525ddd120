import { packTree } from '#content/layers/pack.ts'
import { ignoring, readInTree } from './ignore.ts'
import { receiveTar } from './receive.ts'
import type { ContextSource, OpenContext, Wanted } from './source.ts'

/** A directory of this machine, which is read and never changed. */
export class DirectoryContext implements ContextSource {
  readonly #directory: string

  constructor(directory: string) {
    this.#directory = directory
  }

  async open(directory: () => string): Promise<OpenContext> {
    return {
      read: async (path) => readInTree(this.#directory, path),
      receive: async (wanted) => {
        const arrival = await receiveTar(packTree(this.#directory, { includes: selection(wanted) }), directory())
        return { tree: arrival.tree(wanted.ignore) }
      },
    }
  }
}

function selection({ ignore }: Wanted): (path: string) => boolean {
  const ignored = ignoring(ignore)
  // What a later rule lets in again may lie deep in what an earlier one excludes: then all comes, and is sorted out afterwards.
  if (ignore.some((line) => line.trimStart().startsWith('!'))) return () => true
  return (bytes) => !ignored(Buffer.from(bytes, 'latin1').toString('utf8'))
}
