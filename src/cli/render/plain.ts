import type { Progress } from '../progress.ts'
import type { Line } from '../lines.ts'
import { relative } from './finding.ts'

/** One line for each change of state: for pipes, files and CI. */
export class PlainProgress implements Progress {
  readonly #write: (text: string) => void
  readonly #directory: string

  constructor(write: (text: string) => void, directory: string) {
    this.#write = write
    this.#directory = directory
  }

  draw(line: Line): void {
    const text = plainText(line)
    if (text !== undefined) this.#write(`${relative(text, this.#directory)}\n`)
  }

  [Symbol.dispose](): void {
    // Nothing is held.
  }
}

function plainText(line: Line): string | undefined {
  switch (line.type) {
    case 'step':
      // Counting bytes needs a line that can be drawn anew.
      if (line.amount !== undefined) return undefined
      return ` ${line.subject}  ${line.status}${line.detail === undefined ? '' : `  ${line.detail}`}`
    case 'service':
      return ` ${line.subject}  ${wordOf[line.state]}${line.text === '' ? '' : `  ${line.text}`}`
    case 'warning':
      return `warning: ${line.text}`
    case 'note':
      return line.text
    default:
      return undefined
  }
}

/** How a service's state is called on screen. */
export const wordOf = { waiting: 'Waiting', up: 'Up', completed: 'Completed', failed: 'Failed' } as const
