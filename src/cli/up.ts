import { ask } from './connect.ts'
import { numberOf, parseOptions, projectOptions } from './options.ts'
import { follow } from './progress.ts'
import { readProject } from './project.ts'

const usage = `galley up [DIR] [-f FILE]… [-p NAME] [--build] [-d] [--timeout SECONDS] [--restarts N] [--steady SECONDS] [--remove-orphans] [--json]`

const options = {
  ...projectOptions,
  build: { type: 'boolean' },
  detach: { type: 'boolean', short: 'd' },
  'remove-orphans': { type: 'boolean' },
  timeout: { type: 'string' },
  restarts: { type: 'string' },
  steady: { type: 'string' },
  json: { type: 'boolean' },
} as const

/** `galley up`: brings a project up, waits until it is, and prints its addresses last. Exit 1 when a service failed. */
export async function up(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseOptions(args, options, usage)
  const project = await readProject({ directory: positionals[0], files: values.file ?? [], projectName: values['project-name'] })
  const response = await ask(`/galley/v1/projects/${project.name}/up`, {
    method: 'POST',
    body: {
      project,
      build: values.build === true,
      detach: values.detach === true,
      removeOrphans: values['remove-orphans'] === true,
      limits: {
        ...(values.timeout !== undefined && { timeout: numberOf(values.timeout, 'timeout', 0) * 1000 }),
        ...(values.restarts !== undefined && { restarts: numberOf(values.restarts, 'restarts', 0) }),
        ...(values.steady !== undefined && { steady: numberOf(values.steady, 'steady', 0) * 1000 }),
      },
    },
  })
  return await follow(response, values.json === true)
}
