import { realpathSync } from 'node:fs'
import { basename, dirname, isAbsolute, resolve } from 'node:path'
import { GalleyError } from '#base/error.ts'
import { usedVariables } from '#compose/model/open-variables.ts'
import type { Project, Service } from '#compose/model/model.ts'
import { fieldIn, isNull, plainText, type Mapping, type Node } from '#compose/model/tree.ts'
import { confirmed } from './confirm.ts'
import { projectVariables, readOpen, type NamedProject } from './project.ts'
import { cacheOfFiles, isFromElsewhere } from './file-cache.ts'
import { say } from './say.ts'

/**
 * Files from a registry or a repository are somebody else's: what they take of this machine (its files, devices and namespaces, and the
 * caller's variables) is shown and agreed to before anything starts. Nothing is asked where they take nothing. Throws `invalid` when the
 * person does not agree, or nobody can be asked.
 */
export async function agreeToRemote(
  project: Project,
  foreign: readonly string[],
  values: NamedProject & { readonly yes?: boolean | undefined },
): Promise<void> {
  for (const file of foreign) say(`A Compose file from elsewhere is used: ${file}`, process.stderr)
  const takes = await takenBy(project, { ...values, file: project.files, 'project-directory': project.directory })
  if (takes.length === 0 || values.yes === true) return
  say('It takes of this machine:', process.stderr)
  for (const line of takes) process.stderr.write(`  ${line}\n`)
  const what = 'a Compose file from elsewhere takes of this machine what stands above'
  if (await confirmed('Do you trust where it comes from? [y/N] ', { what, by: '--yes' })) return
  throw new GalleyError('invalid', 'nothing was started', { code: 'compose.not-trusted' })
}

async function takenBy(project: Project, values: NamedProject): Promise<string[]> {
  const { document } = await readOpen(values, {})
  const known = await projectVariables(values)
  const names = new Set([...usedVariables(document).keys(), ...bareNames(document)])
  const variables = [...names].filter((name) => known[name] !== undefined).toSorted()
  return [
    ...Object.values(project.services).flatMap((service) =>
      [...placesOf(service), ...powersOf(service)].map((what) => `${service.name}: ${what}`),
    ),
    ...Object.values({ ...project.secrets, ...project.configs }).flatMap(({ name, source }) =>
      source.from === 'file' && leadsOut(source.path) ? [`${name}: ${source.path}`] : [],
    ),
    ...Object.values(project.volumes).flatMap(({ name, external, driverOpts }) => [
      ...(external ? [`volume ${name}`] : []),
      ...Object.values(driverOpts ?? {}).flatMap((value) => (value.startsWith('/') ? [`volume ${name}: ${value}`] : [])),
    ]),
    ...filesRead(document),
    ...variables.map((name) => `$${name}`),
  ]
}

/** Whether a path is not among what was fetched, where links of a repository lead included. */
function leadsOut(path: string): boolean {
  return !isFromElsewhere(realPath(resolve(path)), realPath(cacheOfFiles()))
}

/** As far as it exists. */
function realPath(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return path === '/' ? path : resolve(realPath(dirname(path)), basename(path))
  }
}

/** Directories and agents that it mounts, or is built from. */
function placesOf({ mounts, build, volumesFrom = [] }: Service): string[] {
  const binds = mounts.flatMap(({ type, source }) => (type === 'bind' ? [source] : []))
  const contexts = build === undefined ? [] : [build.context, ...Object.values(build.additionalContexts ?? {})]
  return [
    ...[...binds, ...contexts.filter(isAbsolute)].filter(leadsOut),
    ...Object.keys(build?.ssh ?? {}).map((id) => `build.ssh: ${id}`),
    ...volumesFrom.filter((from) => from.startsWith('container:')),
  ]
}

/** What the container may do beyond its own walls, by the words of the Compose file. */
function powersOf({ options: { hostConfig }, build, preStart = [], postStart = [], preStop = [] }: Service): string[] {
  const list = (name: string): readonly unknown[] => (Array.isArray(hostConfig[name]) ? (hostConfig[name] as readonly unknown[]) : [])
  const hosts = {
    NetworkMode: 'network_mode',
    PidMode: 'pid',
    IpcMode: 'ipc',
    UsernsMode: 'userns_mode',
    UTSMode: 'uts',
    CgroupnsMode: 'cgroup',
  }
  return [
    ...(hostConfig['Privileged'] === true || [...preStart, ...postStart, ...preStop].some(({ privileged }) => privileged)
      ? ['privileged']
      : []),
    ...(build?.privileged === true ? ['build.privileged'] : []),
    ...(build?.entitlements ?? []).map((name) => `build.entitlements: ${name}`),
    ...Object.entries(hosts).flatMap(([name, word]) => (hostConfig[name] === 'host' ? [`${word}: host`] : [])),
    ...list('CapAdd').map((name) => `cap_add: ${String(name)}`),
    ...list('Devices').map((device) => `devices: ${String((device as { PathOnHost?: unknown }).PathOnHost)}`),
    ...list('DeviceRequests').map(() => 'devices'),
    ...list('SecurityOpt').map((option) => `security_opt: ${String(option)}`),
  ]
}

/** Variables that are passed on by their names alone. */
function bareNames(document: Mapping): string[] {
  const partsOf = (section: string): Node[] => valuesIn(fieldIn(document, section))
  const settings = partsOf('services').flatMap((service) => [fieldIn(service, 'environment'), fieldIn(fieldIn(service, 'build'), 'args')])
  const objects = [...partsOf('secrets'), ...partsOf('configs')].flatMap((object) => fieldIn(object, 'environment') ?? [])
  return [
    ...objects.map(plainText),
    ...settings.flatMap((node) => {
      if (node?.kind === 'sequence') return node.items.map(plainText).filter((item) => !item.includes('='))
      return node?.kind === 'mapping' ? [...node.entries].flatMap(([name, { value }]) => (isNull(value) ? [name] : [])) : []
    }),
  ]
}

function valuesIn(node: Node | undefined): Node[] {
  return node?.kind === 'mapping' ? [...node.entries.values()].map(({ value }) => value) : []
}

/** Each `env_file` that is not the project's own. */
function filesRead(document: Mapping): string[] {
  const services = fieldIn(document, 'services')
  if (services?.kind !== 'mapping') return []
  return [...services.entries].flatMap(([name, { value }]) => {
    const files = (['env_file', 'label_file'] as const).flatMap((key) => {
      const node = fieldIn(value, key)
      return node?.kind === 'sequence'
        ? node.items.map((item) => (item.kind === 'mapping' ? plainText(fieldIn(item, 'path')) : plainText(item)))
        : []
    })
    return files.filter((path) => leadsOut(path)).map((path) => `${name}: ${path}`)
  })
}
