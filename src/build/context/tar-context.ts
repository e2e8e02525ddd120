import { receiveTar } from './receive.ts'
import type { ContextSource, OpenContext } from './source.ts'

/** A context that comes as a tar: plain, gzip or zstd. */
export class TarContext implements ContextSource {
  readonly #bytes: AsyncIterable<Uint8Array>

  constructor(bytes: AsyncIterable<Uint8Array>) {
    this.#bytes = bytes
  }

  async open(directory: () => string, signal: AbortSignal): Promise<OpenContext> {
    const arrival = await receiveTar(this.#bytes, directory(), signal)
    return {
      read: async (path) => arrival.read(path),
      receive: async ({ ignore }) => ({ tree: arrival.tree(ignore) }),
    }
  }
}
