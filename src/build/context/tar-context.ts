import { applyIgnoreLines, readInTree } from './ignore.ts'
import { receiveTar } from './receive.ts'
import type { ContextSource, OpenContext } from './source.ts'

/** A context that comes as a tar: plain, gzip or zstd. */
export class TarContext implements ContextSource {
  readonly #bytes: AsyncIterable<Uint8Array>

  constructor(bytes: AsyncIterable<Uint8Array>) {
    this.#bytes = bytes
  }

  async open(root: string): Promise<OpenContext> {
    const digests = await receiveTar(this.#bytes, root)
    return {
      read: async (path) => readInTree(root, path),
      receive: async ({ ignore }) => {
        applyIgnoreLines(root, ignore)
        return { root, digests }
      },
    }
  }
}
