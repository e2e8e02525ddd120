import { parseArgs, type ParseArgsConfig } from 'node:util'
import { GalleyError, messageOf } from '#base/error.ts'

type Options = NonNullable<ParseArgsConfig['options']>
type Parsed<Given extends Options> = ReturnType<
  typeof parseArgs<{ readonly options: Given; readonly allowPositionals: true; readonly args: string[] }>
>

/** The options that name a project. */
export const projectOptions = {
  file: { type: 'string', short: 'f', multiple: true },
  'project-name': { type: 'string', short: 'p' },
} as const satisfies Options

/** Throws `invalid` with the command's usage; `--help` prints it and ends the program. */
export function parseOptions<const Given extends Options>(args: readonly string[], options: Given, usage: string): Parsed<Given> {
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(`Usage: ${usage}\n`)
    process.exit(0)
  }
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true })
  } catch (error) {
    throw new GalleyError('invalid', messageOf(error), { advice: usage, cause: error })
  }
}

/** A number of an option. Throws `invalid`. */
export function numberOf(text: string | undefined, name: string, fallback: number): number {
  if (text === undefined) return fallback
  const number = Number(text)
  if (!(number > 0)) throw new GalleyError('invalid', `--${name} takes a number above 0, not "${text}"`)
  return number
}
