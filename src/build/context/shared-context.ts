import type { ContextSource, OpenContext, ReceivedContext } from './source.ts'

/** A context that several builds have, one after the other or at once: it comes once, and whole. */
export class SharedContext implements ContextSource {
  readonly #source: ContextSource
  readonly #directory: () => string
  #open: Promise<OpenContext> | undefined
  #received: Promise<ReceivedContext> | undefined

  /** `directory` makes an empty one that outlives all the builds. */
  constructor(source: ContextSource, directory: () => string) {
    this.#source = source
    this.#directory = directory
  }

  async open(_own: () => string, signal: AbortSignal): Promise<OpenContext> {
    this.#open ??= this.#source.open(this.#directory, signal)
    const open = await this.#open
    return {
      read: (path) => open.read(path),
      receive: ({ ignore }) => (this.#received ??= open.receive({ ignore, paths: undefined })),
      material: () => open.material?.(),
    }
  }
}
