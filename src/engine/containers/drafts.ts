import type { Digest } from '#base/digest.ts'
import type { Container } from './model.ts'

/** What a container that is being made has already, and nobody may take away; the container itself has it once it is written down. */
export interface Draft extends Disposable {
  readonly images: Set<Digest>
  readonly volumes: Set<string>
}

/** Containers that are being made, and what they and the others have. */
export class Drafts {
  readonly #byId = new Map<string, Draft>()
  readonly #made: () => readonly Container[]

  /** `made`: the containers that are there. */
  constructor(made: () => readonly Container[]) {
    this.#made = made
  }

  /** Dispose of it when the container is written down, or will not be. */
  begin(id: string): Draft {
    const draft = { images: new Set<Digest>(), volumes: new Set<string>(), [Symbol.dispose]: () => void this.#byId.delete(id) }
    this.#byId.set(id, draft)
    return draft
  }

  /** Containers, made or being made, that stand on an image or have it mounted. */
  usersOfImage(image: Digest): { readonly id: string; readonly running: boolean; readonly name?: string }[] {
    const made = this.#made().filter((container) => container.image === image || container.mounts.some(({ source }) => source === image))
    return [
      ...made.map(({ id, state, config }) => ({ id, running: state.status === 'running', name: config.Image })),
      ...this.#ids(({ images }) => images.has(image), made).map((id) => ({ id, running: false })),
    ]
  }

  /** Ids of the containers, made or being made, that have a volume. */
  usersOfVolume(name: string): string[] {
    const made = this.#made().filter(({ mounts }) => mounts.some((mount) => mount.name === name))
    return [...made.map(({ id }) => id), ...this.#ids(({ volumes }) => volumes.has(name), made)]
  }

  #ids(has: (draft: Draft) => boolean, made: readonly Container[]): string[] {
    return [...this.#byId].filter(([id, draft]) => has(draft) && !made.some((container) => container.id === id)).map(([id]) => id)
  }
}
