import type { Command, Syntax } from './command.ts'
import { socketPath } from './connect.ts'
import { parseOptions } from './options.ts'

const syntax = {
  usage: 'env',
  does: 'Prints what points the docker command at Galley: eval $(galley env)',
  options: {},
} as const satisfies Syntax

export const env: Command = {
  syntax,
  async run(args) {
    parseOptions(args, syntax)
    process.stdout.write(`export DOCKER_HOST=unix://${socketPath()}\n`)
    return 0
  },
}
