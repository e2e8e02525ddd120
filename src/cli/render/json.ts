import type { Clock } from '#base/clock.ts'
import type { Line } from '#faces/galley/line.ts'
import type { Progress } from './progress.ts'

/**
 * One JSON object a line, for programs. To what the daemon tells (`faces/galley/line.ts`) it adds `ms`, the milliseconds since the
 * command began to tell, and for what failed `error`, which says why; a step's and a service's subject is called `resource`.
 */
export class JsonProgress implements Progress {
  readonly #write: (text: string) => void
  readonly #clock: Clock
  readonly #began: number

  constructor(write: (text: string) => void, clock: Clock) {
    this.#write = write
    this.#clock = clock
    this.#began = clock.now()
  }

  draw(line: Line): void {
    this.#write(`${JSON.stringify({ ...named(line), ms: this.#clock.now() - this.#began, ...failureOf(line) })}\n`)
  }

  [Symbol.dispose](): void {
    // Nothing is held.
  }
}

function named(line: Line): object {
  if (!('subject' in line)) return line
  const { type, subject, ...rest } = line
  return { type, resource: subject, ...rest }
}

function failureOf(line: Line): { readonly error?: string } {
  if (line.type === 'step' && line.state === 'failed') return { error: line.detail ?? line.status }
  if (line.type === 'service' && line.state === 'failed') return { error: line.text }
  return line.type === 'error' ? { error: line.message } : {}
}
