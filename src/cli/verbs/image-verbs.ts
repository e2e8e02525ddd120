import type { Project, Service } from '#compose/model/model.ts'
import { contextOf } from '../build/reading.ts'
import { buildSyntax, projectBuildOptions } from '../build/syntax.ts'
import { callerEnvironment } from '../caller-environment.ts'
import type { Command, Syntax } from '../command.ts'
import { ask } from '../connect.ts'
import { loginHeaders } from '../logins.ts'
import { parseOptions, projectOptions } from '../options.ts'
import { follow, progressOptions, quietOption } from '../progress.ts'
import { directoryAndServices, readProject } from '../project.ts'

/** `galley build`: images of a project's services, or one image as docker build makes it. */
export const build: Command = {
  syntax: buildSyntax,
  async run(args) {
    const { values, positionals } = parseOptions(args, buildSyntax)
    const context = contextOf(values, positionals)
    if (context === undefined) return await buildProject(values, positionals)
    const { buildOne } = await import('../build/image.ts')
    return await buildOne(values, context)
  },
}

const projectSyntax = {
  usage: 'build [DIR] [SERVICE…]',
  does: "Builds the images of a project's services.",
  operands: Infinity,
  options: { ...projectBuildOptions, ...quietOption },
} as const satisfies Syntax

/** `galley compose build`: a project's services alone. */
export const buildServices: Command = {
  syntax: projectSyntax,
  async run(args) {
    const { values, positionals } = parseOptions(args, projectSyntax)
    return await buildProject(values, positionals)
  },
}

type ProjectValues = ReturnType<typeof parseOptions<typeof projectBuildOptions>>['values']

async function buildProject(values: ProjectValues, operands: readonly string[]): Promise<number> {
  const { directory, services } = directoryAndServices(operands)
  const project = await readProject(values, directory, services)
  const given = (values['build-arg'] ?? []).map((word) => word.split(/=(.*)/s))
  const body = {
    project: services.length === 0 ? project : only(project, services),
    action: 'build',
    noCache: values['no-cache'] === true,
    pull: values.pull === true,
    args: Object.fromEntries(given.map(([name = '', value]) => [name, value ?? callerEnvironment()[name] ?? ''])),
  }
  return await follow(await ask(`/galley/v1/projects/${project.name}/images`, { method: 'POST', body, headers: loginHeaders() }), values)
}

const pullSyntax = {
  usage: 'pull [DIR] [SERVICE…]',
  does: "Pulls the images of a project's services that are not built.",
  operands: Infinity,
  options: {
    ...projectOptions,
    'include-deps': { type: 'boolean', does: 'of what they depend on, too' },
    ...quietOption,
    ...progressOptions,
  },
} as const satisfies Syntax

export const pull: Command = {
  syntax: pullSyntax,
  async run(args) {
    const { values, positionals } = parseOptions(args, pullSyntax)
    const { directory, services } = directoryAndServices(positionals)
    const project = await readProject(values, directory, services)
    const wanted = services.length === 0 || values['include-deps'] === true ? project : only(project, services)
    const body = { project: wanted, action: 'pull' }
    return await follow(await ask(`/galley/v1/projects/${project.name}/images`, { method: 'POST', body, headers: loginHeaders() }), values)
  },
}

/** What they depend on is left out, but for the images that their builds start from, directly or not. */
function only(project: Project, services: readonly string[]): Project {
  const all = { ...project.below, ...project.services }
  const reached = new Set(services)
  for (const name of reached)
    for (const context of Object.values(all[name]?.build?.additionalContexts ?? {}))
      if (context.startsWith('service:')) reached.add(context.slice('service:'.length))
  const among = (isWanted: (name: string) => boolean): Record<string, Service> =>
    Object.fromEntries(Object.entries(all).filter(([name]) => isWanted(name)))
  return {
    ...project,
    services: among((name) => services.includes(name)),
    below: among((name) => reached.has(name) && !services.includes(name)),
  }
}
