import type { Line } from '#faces/galley/line.ts'
import type { Progress } from './progress.ts'

interface Parts {
  /** How far pulls have come. */
  readonly pulls: boolean
  /** What builds print on the way. */
  readonly builds: boolean
}

/** Leaves parts out of what another one draws. What a build printed is drawn when it fails. */
export class WithoutParts implements Progress {
  readonly #progress: Progress
  readonly #left: Parts
  readonly #building = new Set<string>()
  readonly #held = new Map<string, Line[]>()

  constructor(progress: Progress, left: Parts) {
    this.#progress = progress
    this.#left = left
  }

  draw(line: Line): void {
    if (this.#holds(line)) return
    if (line.type === 'step' && line.state === 'failed') for (const held of this.#held.get(line.id) ?? []) this.#progress.draw(held)
    this.#progress.draw(line)
  }

  [Symbol.dispose](): void {
    this.#progress[Symbol.dispose]()
  }

  #holds(line: Line): boolean {
    if (line.type === 'step' && line.status === 'Building') this.#building.add(line.id)
    if (line.type === 'output' && this.#left.builds && this.#building.has(line.id)) {
      this.#held.set(line.id, [...(this.#held.get(line.id) ?? []), line])
      return true
    }
    if (line.type !== 'step' || line.state !== 'working' || (line.detail ?? line.amount) === undefined) return false
    return (this.#left.pulls && line.status === 'Pulling') || (this.#left.builds && line.status === 'Building')
  }
}
