import { GalleyError } from '#base/error.ts'
import type { Command, Syntax } from '../command.ts'
import { parseOptions } from '../options.ts'
import { scripts } from './scripts.ts'

const syntax = {
  usage: 'completion bash|zsh|fish',
  does: `Prints what a shell needs to complete galley's commands, options and names: source <(galley completion bash). galley install puts it
in place for all users.`,
  operands: 2,
  options: {},
} as const satisfies Syntax

/** With the word `words` and a line up to the cursor, the candidates for its last word: what the scripts ask for. */
export const completion: Command = {
  syntax,
  async run(args) {
    if (args[0] === 'words') {
      const { candidates } = await import('./candidates.ts')
      const found = await candidates(args[1] ?? '')
      process.stdout.write(found.map(({ word, does }) => `${word}${does === undefined ? '' : `\t${does}`}\n`).join(''))
      return 0
    }
    const [shell = ''] = parseOptions(args, syntax).positionals
    if (!isShell(shell))
      throw new GalleyError('invalid', `there is no completion for '${shell}'`, {
        code: 'cli.arguments',
        advice: 'There is bash, zsh, fish.',
      })
    process.stdout.write(scripts[shell])
    return 0
  },
}

function isShell(word: string): word is keyof typeof scripts {
  return Object.hasOwn(scripts, word)
}
