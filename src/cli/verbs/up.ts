import type { Command, Syntax } from '../command.ts'
import { ask } from '../connect.ts'
import { numberOf, parseOptions, projectOptions } from '../options.ts'
import { follow, jsonOption } from '../progress.ts'
import { readProject } from '../project.ts'

const syntax = {
  usage: 'up [DIR]',
  does: `Runs the Compose file of a directory, or its Dockerfile: makes what is missing or differs, waits until every service is up, and
prints the addresses last. Exit code 1 and an explanation when a service failed; what runs stays running.`,
  operands: 1,
  options: {
    ...projectOptions,
    build: { type: 'boolean', does: 'build images anew that are here already' },
    detach: { type: 'boolean', short: 'd', does: "don't wait until the services are up" },
    'remove-orphans': { type: 'boolean', does: 'remove containers of services that the file no longer has' },
    timeout: { type: 'string', value: 'SECONDS', does: 'a service that is not up by then has failed (180)' },
    restarts: { type: 'string', value: 'N', does: 'a service whose process ended so often has failed (3)' },
    steady: { type: 'string', value: 'SECONDS', does: 'a service without a port and a health check is up after running so long (3)' },
    verbose: { type: 'boolean', does: 'plain lines, with all that builds print' },
    ...jsonOption,
  },
} as const satisfies Syntax

export const up: Command = {
  syntax,
  async run(args) {
    const { values, positionals } = parseOptions(args, syntax)
    const project = await readProject(values, positionals[0])
    const response = await ask(`/galley/v1/projects/${project.name}/up`, {
      method: 'POST',
      body: {
        project,
        build: values.build === true,
        detach: values.detach === true,
        removeOrphans: values['remove-orphans'] === true,
        limits: {
          timeout: numberOf(values.timeout, 'timeout', 1000),
          restarts: numberOf(values.restarts, 'restarts'),
          steady: numberOf(values.steady, 'steady', 1000),
        },
      },
    })
    return await follow(response, values)
  },
}
