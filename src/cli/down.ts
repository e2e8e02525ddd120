import { GalleyError } from '#base/error.ts'
import { ask } from './connect.ts'
import { parseOptions, projectOptions } from './options.ts'
import { follow } from './progress.ts'
import { nameOfProject } from './project.ts'

const usage = 'galley down [DIR] [-f FILE]… [-p NAME] [-v] [--json]'
const options = { ...projectOptions, volumes: { type: 'boolean', short: 'v' }, json: { type: 'boolean' } } as const

/** `galley down`: removes a project's containers and networks, with `-v` its volumes too. */
export async function down(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseOptions(args, options, usage)
  const name = await nameOfProject({ directory: positionals[0], files: values.file ?? [], projectName: values['project-name'] })
  if (name === undefined) throw new GalleyError('not found', 'no Compose file and no Dockerfile here', { advice: usage })
  const response = await ask(`/galley/v1/projects/${name}/down`, { method: 'POST', body: { volumes: values.volumes === true } })
  return await follow(response, values.json === true)
}
