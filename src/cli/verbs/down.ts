import type { Project } from '#compose/model/model.ts'
import { unknownService } from '#compose/model/unknown-service.ts'
import type { Command, Syntax } from '../command.ts'
import { ask } from '../connect.ts'
import { dryRunOptions, isRehearsal, rehearse } from '../dry-run.ts'
import { parseOptions, projectOptions, secondsOf } from '../options.ts'
import { follow, progressOptions } from '../progress.ts'
import { projectPath, rehearsalPath } from '../project-path.ts'
import { directoryAndServices, readHooks, requiredName, type NamedProject } from '../project.ts'
import { containersOf, serviceOf } from './containers.ts'
import { hooksInFiles } from './hooks.ts'

const syntax = {
  usage: 'down [DIR] [SERVICE…]',
  does: `Removes a project's containers and networks. Its volumes and their data stay, unless -v is given. With services, only their containers.`,
  operands: Infinity,
  options: {
    ...projectOptions,
    volumes: { type: 'boolean', short: 'v', does: 'remove its volumes too, with all their data' },
    timeout: { type: 'string', short: 't', value: 'SECONDS', does: 'how long a container may take to stop, instead of its own time' },
    rmi: { type: 'string', value: 'WHICH', does: 'remove images too: all, or local for those that were built without a name of their own' },
    'remove-orphans': { type: 'boolean', does: 'containers of services that the file no longer has go in any case' },
    ...dryRunOptions,
    ...progressOptions,
  },
} as const satisfies Syntax

export const down: Command = {
  syntax,
  async run(args) {
    const { values, positionals } = parseOptions(args, syntax)
    const { directory, services } = directoryAndServices(positionals)
    const project = await requiredName(values, directory)
    const every = await containersOf(project, true)
    await checkServices(services, every.map(serviceOf), () => readHooks(values, directory))
    const rows = every.filter((row) => services.length === 0 || services.includes(serviceOf(row)))
    const body = {
      volumes: values.volumes === true,
      services,
      timeout: secondsOf(values.timeout, 'timeout'),
      images: values.rmi,
      ...(values.rmi !== undefined && { declaredImages: await declaredImages(values, directory) }),
      hooks: await hooksInFiles(rows, values, directory),
    }
    if (isRehearsal(values)) return await rehearse(rehearsalPath(project, 'down'), { body }, values)
    return await follow(await ask(projectPath(project, 'down'), { method: 'POST', body }), values)
  },
}

/** A project that can't be read has the images of its containers alone; those of services behind a profile stay, as with docker compose. */
async function declaredImages(values: NamedProject, directory: string | undefined): Promise<Record<string, string>> {
  const services = await readHooks(values, directory, 'enabled').then(
    (project) => project?.services,
    () => undefined,
  )
  return Object.fromEntries(Object.values(services ?? {}).map(({ name, image }) => [name, image]))
}

/** A service is known by its containers or, when it has none, by the files. Throws `not found`. */
async function checkServices(
  wanted: readonly string[],
  there: readonly string[],
  read: () => Promise<Pick<Project, 'services'> | undefined>,
): Promise<void> {
  const isAbsent = (name: string): boolean => !there.includes(name)
  if (!wanted.some(isAbsent)) return
  const names = new Set([...Object.keys((await read())?.services ?? {}), ...there])
  const unknown = wanted.find((name) => !names.has(name))
  if (unknown !== undefined) throw unknownService(unknown, [...names])
}
