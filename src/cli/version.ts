import { version as own } from '#base/version.ts'
import type { Command, Syntax } from './command.ts'
import { parseOptions } from './options.ts'
import { formatOption, outputOptions, tell } from './output.ts'

const syntax = {
  usage: 'version',
  does: 'Prints the version.',
  options: {
    ...outputOptions,
    format: { ...formatOption.format, short: 'f', value: 'pretty|json' },
    short: { type: 'boolean', does: 'only the number' },
  },
} as const satisfies Syntax

/** `galley version` without options is answered earlier (main.ts). */
export const version: Command = {
  syntax,
  async run(args) {
    const { values } = parseOptions(args, syntax)
    const [number, json] = [own(), values.json === true || values.format === 'json']
    const text = (): string => (values.short === true ? `${number}\n` : `galley ${number}\n`)
    await tell({ data: { version: number }, names: [number], text }, { ...values, json })
    return 0
  },
}
