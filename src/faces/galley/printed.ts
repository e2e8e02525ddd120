import type { Send } from './send-lines.ts'

/** Lines of each step that are kept. */
const kept = 20

/** Passes on what happens, and remembers what programs printed last. */
export class Printed {
  readonly #lines = new Map<string, string[]>()
  readonly #send: Send

  constructor(send: Send) {
    this.#send = send
  }

  readonly send: Send = (line) => {
    if (line.type === 'output') this.#lines.set(line.id, [...(this.#lines.get(line.id) ?? []), line.text].slice(-kept))
    this.#send(line)
  }

  /** What programs of this step printed last, oldest first. */
  readonly by = (step: string): readonly string[] => this.#lines.get(step) ?? []
}
