import type { Command, Syntax } from './command.ts'
import { ask, socketPath } from './connect.ts'
import { parseOptions } from './options.ts'
import { outputOptions, tell } from './output.ts'

const syntax = {
  usage: 'env',
  does: 'Prints what points the docker command at Galley, which is started if it does not run: eval $(galley env)',
  options: outputOptions,
} as const satisfies Syntax

export const env: Command = {
  syntax,
  async run(args) {
    const { values } = parseOptions(args, syntax)
    // The docker command can start nothing.
    const answer = await ask('/_ping')
    answer.resume()
    const host = `unix://${socketPath()}`
    await tell({ data: { DOCKER_HOST: host }, names: ['DOCKER_HOST'], text: () => `export DOCKER_HOST=${host}\n` }, values)
    return 0
  },
}
