import { stripVTControlCharacters } from 'node:util'

/** Lines of output that are shown with a failure. */
const most = 20

/** The last lines that each step printed, for when it fails. */
export class LastOutput {
  readonly #lines = new Map<string, string[]>()

  add(subject: string, text: string): void {
    this.#lines.set(subject, [...(this.#lines.get(subject) ?? []), visible(text)].slice(-most))
  }

  /** As they are shown; a second failure does not repeat them. */
  take(subject: string): string[] {
    const lines = this.#lines.get(subject) ?? []
    this.#lines.delete(subject)
    return lines.map((line) => `   | ${line}`)
  }
}

/** What a terminal would show of a line in the end: no colours, and nothing that a carriage return overwrote. */
export function visible(text: string): string {
  return (
    stripVTControlCharacters(text)
      .split('\r')
      .findLast((part) => part !== '') ?? ''
  )
}
