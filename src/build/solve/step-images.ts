import type { Digest } from '#base/digest.ts'
import type { RunnableImage } from '#engine/containers/engine.ts'

/** What step containers are made from while they run: layers so far, under an id that no image has. */
export class StepImages {
  readonly #images = new Map<string, RunnableImage>()

  add({ id, layers, secretEnv }: Pick<RunnableImage, 'layers' | 'secretEnv'> & { readonly id: Digest }): Disposable {
    this.#images.set(id, { id, config: {}, layers, ...(secretEnv !== undefined && { secretEnv }) })
    return { [Symbol.dispose]: () => this.#images.delete(id) }
  }

  find(reference: string): RunnableImage | undefined {
    return this.#images.get(reference)
  }
}
