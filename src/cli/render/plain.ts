import type { Line } from '#faces/galley/line.ts'
import type { Progress } from './progress.ts'
import { inWords } from '../words.ts'
import { LastOutput, visible } from './last-output.ts'
import { forReader } from './reader.ts'
import { relative } from './relative.ts'

export interface PlainOptions {
  /** Paths are told from here on. */
  readonly directory: string
  /** Print what builds print as it comes, instead of its end when one fails. */
  readonly verbose: boolean
}

type Write = (text: string, isOfBuild: boolean) => void

/** One line for each change of state: for pipes, files and CI. */
export class PlainProgress implements Progress {
  readonly #write: Write
  readonly #options: PlainOptions
  readonly #output = new LastOutput()

  constructor(write: Write, options: PlainOptions) {
    this.#write = write
    this.#options = options
  }

  draw(given: Line): void {
    const line = forReader(given)
    if (line.type === 'output' && !this.#options.verbose) this.#output.add(line.subject, line.text)
    else if (line.type === 'step' && line.state === 'failed') this.#put([...this.#output.take(line.subject), plainText(line)])
    else this.#put([plainText(line)], isOfBuild(line))
  }

  [Symbol.dispose](): void {
    // Nothing is held.
  }

  #put(lines: readonly (string | undefined)[], ofBuild = false): void {
    for (const text of lines) if (text !== undefined) this.#write(`${relative(text, this.#options.directory)}\n`, ofBuild)
  }
}

/** A step of a Dockerfile, or what it prints. */
function isOfBuild(line: Line): boolean {
  if (line.type === 'output') return line.subject.startsWith('Image ')
  return line.type === 'step' && line.detail?.startsWith('Step ') === true
}

function plainText(line: Line): string | undefined {
  switch (line.type) {
    case 'step':
      // Counting bytes needs a line that can be drawn anew.
      if (line.amount !== undefined) return undefined
      return ` ${line.subject}  ${line.status}${line.detail === undefined ? '' : `  ${line.detail}`}`
    case 'output':
      return ` ${line.subject}  | ${visible(line.text)}`
    case 'service':
      return ` ${line.subject}  ${line.text === 'healthy' ? 'Healthy' : serviceText(line)}`
    case 'warning':
      return inWords(`warning: ${line.text}`)
    case 'note':
      return line.text
    case 'planned':
      return plannedText(line)
    default:
      return undefined
  }
}

function serviceText({ state, text }: Extract<Line, { readonly type: 'service' }>): string {
  return `${inWords(wordOf[state])}${text === '' ? '' : `  ${text}`}`
}

/** What would happen, and why, a line each. The mark is docker compose's, for whoever looks for it. */
export function plannedText({ subject, action, why, rehearsed }: Extract<Line, { readonly type: 'planned' }>): string {
  return [`${rehearsed === true ? ' DRY-RUN MODE - ' : ''} ${subject}  ${action}`, ...why.map((line) => `     ${visible(line)}`)].join('\n')
}

/** How a service's state is called on screen. */
export const wordOf = { waiting: 'Waiting', up: 'Up', completed: 'Completed', failed: 'Failed' } as const
