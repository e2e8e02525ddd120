import type { Line } from '#faces/galley/line.ts'
import { forReader } from './reader.ts'
import { plannedText } from './plain.ts'
import type { Progress } from './progress.ts'
import { relative } from './relative.ts'
import { inWords } from '../words.ts'
import { pad, widthOf } from './width.ts'
import { wrapped } from './wrap.ts'

export interface ReportOptions {
  readonly stream: { write(text: string): unknown; readonly columns?: number }
  readonly color: boolean
  /** Paths are told from here on. */
  readonly directory: string
}

type Service = Extract<Line, { readonly type: 'service' }>

const marks = { waiting: '!', up: '✔', completed: '✔', failed: '✘' } as const
const colors = { waiting: 33, up: 32, completed: 32, failed: 31 } as const

/**
 * How things are, on a terminal. Nothing goes on that could be drawn anew, so a line need not fit: what is asked for is told whole, broken
 * at spaces, and what is said of a thing stands below it.
 */
export class ReportProgress implements Progress {
  readonly #options: ReportOptions
  /** Held while there are more, so that their texts begin in one column. */
  readonly #services: Service[] = []

  constructor(options: ReportOptions) {
    this.#options = options
  }

  draw(given: Line): void {
    const line = forReader(given)
    if (line.type === 'service') this.#services.push(line)
    else {
      this.#flush()
      if (line.type === 'note') this.#put(`   ${line.text}`, 3)
      if (line.type === 'warning') this.#put(inWords(`warning: ${line.text}`), 2)
      if (line.type === 'planned') for (const text of plannedText(line).split('\n')) this.#put(text, 7)
    }
  }

  [Symbol.dispose](): void {
    this.#flush()
  }

  #flush(): void {
    const services = this.#services.splice(0)
    const column = Math.max(...services.map(({ subject }) => widthOf(subject)))
    for (const { state, subject, text } of services) {
      const head = ` ${marks[state]} ${pad(subject, column)}  `
      // Beside a long name there would be no room for the text: it goes on below the name then.
      const indent = widthOf(head) * 2 > this.#columns ? 3 : widthOf(head)
      this.#put(`${head}${text}`, indent, state)
    }
  }

  #put(text: string, indent: number, state?: Service['state']): void {
    const { stream, color, directory } = this.#options
    const lines = wrapped(relative(text, directory), this.#columns, indent)
    const told = color && state !== undefined ? lines.replace(marks[state], (mark) => `\x1b[${colors[state]}m${mark}\x1b[0m`) : lines
    stream.write(`${told}\n`)
  }

  /** A terminal that doesn't know its size says 0. */
  get #columns(): number {
    return this.#options.stream.columns || 80
  }
}
