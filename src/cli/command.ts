import type { Option, Options } from './options.ts'
import { reflowed, titledDefinitions } from './render/wrap.ts'
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
  /** Options of docker compose's that are refused by their names; what they do is what is advised in their place. */
  readonly refused?: Options
  /** Switches that docker compose has no use for any more: they are taken with a warning, and change nothing. */
  readonly outdated?: readonly string[]
  /** The most operands that it takes; none when absent. */
  readonly operands?: number
}

/** What `galley help COMMAND` and `galley COMMAND --help` print, in lines of at most so many columns. */
export function helpText({ usage, does, options }: Syntax, columns: number): string {
  const rowsOf = (part: Part): (readonly [string, string])[] =>
    Object.entries(options)
      .filter(([name, option]) => partOf(name, option) === part)
      .map(([name, { short, value, does: text }]) => {
        const names = `${short === undefined ? '   ' : `-${short},`} --${name}${value === undefined ? '' : ` ${value}`}`
        return [names, inWords(text)]
      })
  const tables = Object.entries(titles).map(([part, title]) => ({
    title: title === '' ? '' : inWords(title),
    rows: rowsOf(part as Part),
  }))
  const rows = tables.flatMap((table) => table.rows)
  const head = `${inWords('Usage:')} galley ${usage}${rows.length > 0 ? ' [OPTIONS]' : ''}`
  return `${head}\n\n${reflowed(inWords(does), columns)}\n${rows.length > 0 ? '\n' : ''}${titledDefinitions(tables, columns)}`
}

type Part = keyof typeof titles

/** What a command does for itself comes first; what many have alike stands below. */
const titles = { own: '', project: 'Which project:', told: 'How it is told:' } as const

const ofProject = ['file', 'env-file', 'profile', 'project-directory', 'project-name']

function partOf(name: string, { value }: Option): Part {
  if (ofProject.includes(name)) return 'project'
  const isTold = ['progress', 'json', 'explain'].includes(name) || (name === 'output' && value === 'json|yaml|name')
  return isTold ? 'told' : 'own'
}
