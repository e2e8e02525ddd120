import type { Digest } from '#base/digest.ts'
import type { RunnableImage } from '#engine/containers/engine.ts'

/** What step containers are made from while they run: layers so far, under an id that no image has. */
export class StepImages {
  readonly #images = new Map<string, RunnableImage>()

  add(id: Digest, layers: readonly string[]): Disposable {
    this.#images.set(id, { id, config: {}, layers })
    return { [Symbol.dispose]: () => this.#images.delete(id) }
  }

  find(reference: string): RunnableImage | undefined {
    return this.#images.get(reference)
  }
}
