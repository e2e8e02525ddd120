import type { Options } from './options.ts'
import { pad, widthOf } from './render/width.ts'
import { inWords } from './words.ts'

/** One of galley's own commands. */
export interface Command {
  readonly syntax: Syntax
  /** Resolves with the exit code; what it throws is told by `fail`. */
  run(args: readonly string[]): Promise<number>
}

/** How a command is written; what is parsed and what help says come from the same table. */
export interface Syntax<Given extends Options = Options> {
  /** What stands behind `galley`: `down [DIR]`. */
  readonly usage: string
  /** What it does, in a sentence or two. */
  readonly does: string
  readonly options: Given
  /** The most operands that it takes; none when absent. */
  readonly operands?: number
}

/** What `galley help COMMAND` and `galley COMMAND --help` print. */
export function helpText({ usage, does, options }: Syntax): string {
  const rows = Object.entries(options).map(([name, { short, value, does: text }]) => {
    const names = `${short === undefined ? '   ' : `-${short},`} --${name}${value === undefined ? '' : ` ${value}`}`
    return [names, inWords(text)] as const
  })
  const column = Math.max(0, ...rows.map(([names]) => widthOf(names)))
  const lines = rows.map(([names, text]) => `  ${pad(names, column)}  ${text}\n`)
  return `${inWords('Usage:')} galley ${usage}${rows.length > 0 ? ' [OPTIONS]' : ''}\n\n${inWords(does)}\n${lines.length > 0 ? '\n' : ''}${lines.join('')}`
}
