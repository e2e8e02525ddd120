import type { Command, Syntax } from './command.ts'
import { ask, socketPath } from './connect.ts'
import { parseOptions } from './options.ts'

const syntax = {
  usage: 'env',
  does: 'Prints what points the docker command at Galley, which is started if it does not run: eval $(galley env)',
  options: {},
} as const satisfies Syntax

export const env: Command = {
  syntax,
  async run(args) {
    parseOptions(args, syntax)
    // The docker command can start nothing.
    const answer = await ask('/_ping')
    answer.resume()
    process.stdout.write(`export DOCKER_HOST=unix://${socketPath()}\n`)
    return 0
  },
}
