import type { SourceTree } from '../context/tree.ts'

/** How many are remembered; each takes some hundred bytes. */
const most = 4000

/** What is known of trees that never change, such as the digests of what `COPY --from` takes of a stage: no build reads all of it again. */
export class TreeDigests {
  /** By tree and part, the longest unused first. */
  readonly #digests = new Map<string, string>()

  /** Those of one tree, which `name` tells from all others. */
  of(name: string): NonNullable<SourceTree['memory']> {
    const keyOf = (part: string): string => `${name}\0${part}`
    return {
      get: (part) => {
        const digest = this.#digests.get(keyOf(part))
        if (digest !== undefined) this.#put(keyOf(part), digest)
        return digest
      },
      set: (part, digest) => this.#put(keyOf(part), digest),
    }
  }

  #put(key: string, digest: string): void {
    this.#digests.delete(key)
    this.#digests.set(key, digest)
    const [oldest] = this.#digests.keys()
    if (this.#digests.size > most && oldest !== undefined) this.#digests.delete(oldest)
  }
}
