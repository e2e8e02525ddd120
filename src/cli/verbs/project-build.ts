import { resolve } from 'node:path'
import { GalleyError } from '#base/error.ts'
import type { Build, Project, Service } from '#compose/model/model.ts'
import { projectBuildOptions } from '../build/syntax.ts'
import { callerEnvironment } from '../caller-environment.ts'
import type { Command, Syntax } from '../command.ts'
import { ask } from '../connect.ts'
import { dryRunOptions, rehearsed, tellRehearsal } from '../dry-run.ts'
import { loginHeaders } from '../logins.ts'
import { parseOptions } from '../options.ts'
import { follow, quietOption } from '../progress.ts'
import { projectPath, rehearsalPath } from '../project-path.ts'
import { directoryAndServices, readProject } from '../project.ts'
import { amongServices, withDependencies } from './among-services.ts'

const syntax = {
  usage: 'build [DIR] [SERVICE…]',
  does: "Builds the images of a project's services.",
  operands: Infinity,
  options: {
    ...projectBuildOptions,
    check: { type: 'boolean', does: 'check the Dockerfiles, and build nothing' },
    print: { type: 'boolean', does: 'build nothing: print what is to be built as a file for docker buildx bake' },
    provenance: { type: 'string', value: 'true|false|mode=…', does: 'attest how they were built' },
    push: { type: 'boolean', does: 'push those to their registries that the file names' },
    sbom: { type: 'string', value: 'true|false', does: 'attest what is in them' },
    ssh: { type: 'string', value: 'default|ID=SOCKET', does: 'an SSH agent for RUN --mount=type=ssh' },
    'with-dependencies': { type: 'boolean', does: 'also what the named services depend on' },
    output: dryRunOptions.output,
    ...quietOption,
  },
  outdated: ['parallel', 'compress', 'force-rm', 'no-rm'],
  refused: {
    builder: { type: 'string', value: 'NAME', does: 'Galley builds by itself; docker buildx build --builder NAME uses another one.' },
    memory: { type: 'string', short: 'm', value: 'BYTES', does: 'BuildKit has no limit of the memory of a build, either.' },
  },
} as const satisfies Syntax

/** `galley compose build`: a project's services alone. */
export const buildServices: Command = {
  syntax,
  async run(args) {
    const { values, positionals } = parseOptions(args, syntax)
    return await buildProject(values, positionals)
  },
}

/** The options of `buildServices`; `galley build` has fewer of them. */
type Values = ReturnType<typeof parseOptions<typeof projectBuildOptions>>['values'] &
  Partial<
    Pick<ReturnType<typeof parseOptions<(typeof syntax)['options']>>['values'], 'check' | 'print' | 'push' | 'quiet' | 'with-dependencies'>
  > & {
    /** Of `galley build`, what becomes of one image. */
    readonly output?: string | readonly string[] | undefined
    readonly provenance?: string | undefined
    readonly sbom?: string | undefined
    readonly ssh?: string | readonly string[] | undefined
  }

/** Builds the images of a project's services, or checks their Dockerfiles; resolves with the exit code. */
export async function buildProject(values: Values, operands: readonly string[]): Promise<number> {
  const { directory, services: named } = directoryAndServices(operands)
  const whole = await readProject(values, directory, named)
  const services = values['with-dependencies'] === true ? withDependencies(whole, named) : named
  const project = withBuilds(services.length === 0 ? whole : amongServices(whole, services), (build) => asWished(build, values))
  const given = (values['build-arg'] ?? []).map((word) => word.split(/=(.*)/s))
  const args = Object.fromEntries(given.map(([name = '', value]) => [name, value ?? callerEnvironment()[name] ?? '']))
  const how = { args, noCache: values['no-cache'] === true, pull: values.pull === true }
  if (values.print === true) {
    const { bakeFile } = await import('./bake-file.ts')
    process.stdout.write(bakeFile(project, { ...how, push: values.push === true, check: values.check === true }))
    return 0
  }
  if (values.check === true) return await (await import('./check-builds.ts')).checkBuilds(project, values)
  const body = { project, action: 'build', ...how }
  if (values['dry-run'] === true) return await rehearseBuild(project, body, values)
  const code = await follow(await ask(projectPath(project.name, 'images'), { method: 'POST', body, headers: loginHeaders() }), values)
  if (code !== 0 || values.push !== true) return code
  const { pushBuilt } = await import('./push.ts')
  await pushBuilt(project, Object.values(project.services).filter(isBuilt), { ...values, ignoresFailures: false })
  return 0
}

/** What is built, and then pushed. */
async function rehearseBuild(project: Project, body: object, values: Values): Promise<number> {
  const builds = await rehearsed(rehearsalPath(project.name, 'images'), { body })
  const { pushes } = await import('./push.ts')
  const pushed = values.push === true ? pushes(project, Object.values(project.services).filter(isBuilt)) : []
  const { output, ...wishes } = values
  await tellRehearsal([...builds, ...pushed], { ...wishes, ...(typeof output === 'string' && { output }) })
  return 0
}

function isBuilt({ build }: Service): boolean {
  return build !== undefined
}

function withBuilds(project: Project, change: (build: Build) => Build): Project {
  const services = Object.entries(project.services).map(([name, service]) => [
    name,
    service.build === undefined ? service : { ...service, build: change(service.build) },
  ])
  return { ...project, services: Object.fromEntries(services) as Project['services'] }
}

/** What the command says beside the file, or instead of it. Throws `invalid`. */
function asWished(build: Build, { provenance, sbom, ssh }: Values): Build {
  return {
    ...build,
    ...(provenance !== undefined && { provenance }),
    ...(sbom !== undefined && { sbom }),
    ...(typeof ssh === 'string' && { ssh: { ...build.ssh, ...agentIn(ssh) } }),
  }
}

/** `default` is the caller's agent; so is what is empty, as docker compose has it. */
function agentIn(text: string): Readonly<Record<string, string | null>> {
  const [, id = text, path] = /^([^=]*)=(.*)$/s.exec(text) ?? []
  if (path !== undefined && path !== '') return { [id]: resolve(path) }
  if (id !== 'default' && id !== '')
    throw new GalleyError('invalid', `invalid ssh key "${text}"`, {
      code: 'cli.option-value',
      subject: text,
      advice: 'It is written default, or ID=SOCKET.',
    })
  return { default: callerEnvironment()['SSH_AUTH_SOCK'] ?? null }
}
