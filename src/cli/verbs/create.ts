import type { Command, Syntax } from '../command.ts'
import { dryRunOptions } from '../dry-run.ts'
import { parseOptions } from '../options.ts'
import { progressOptions, quietOptions } from '../progress.ts'
import { up, upOptions } from './up.ts'

const { 'no-start': _, ...options } = upOptions

const syntax = {
  usage: 'create [SERVICE…]',
  does: 'Makes what up would make, and starts nothing.',
  operands: Infinity,
  options: {
    ...options,
    ...dryRunOptions,
    ...quietOptions,
    ...progressOptions,
  },
} as const satisfies Syntax

export const create: Command = {
  syntax,
  async run(args) {
    // Said wrong, it is this verb's help that is pointed to.
    parseOptions(args, syntax)
    return await up.run(['--no-start', ...args])
  },
}
