import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { GalleyError, reasonOf } from '#base/error.ts'
import { alone } from '#compose/model/alone.ts'
import { parseEnvFile } from '#compose/model/env-file.ts'
import type { Project } from '#compose/model/model.ts'
import { portsIn } from '#compose/model/ports.ts'
import type { Line } from '#faces/galley/line.ts'
import type { Command, Syntax } from '../command.ts'
import { ask, askJson } from '../connect.ts'
import { dryRunOptions, isRehearsal, rehearse } from '../dry-run.ts'
import { dockerInstead } from '../fail.ts'
import { givenVariables } from '../given-variables.ts'
import { loginHeaders } from '../logins.ts'
import { parseOptions, projectOptions, splitAfterOperands, withoutLetters } from '../options.ts'
import { collect, progressOptions, quietOption, quietOptions, type ProgressWishes } from '../progress.ts'
import { orphanWishes } from '../orphan-wishes.ts'
import { passSignals } from '../pass-signals.ts'
import { projectPath, rehearsalPath } from '../project-path.ts'
import { projectVariables, readProject } from '../project.ts'
import { pullWish } from '../pull-wish.ts'
import { agreeToOthers } from '../agree.ts'
import { joinStream, openStream, tellSize } from '../streams.ts'

const syntax = {
  usage: 'run SERVICE [COMMAND…]',
  does: `Runs a command in a container of its own, made as the service's are, after what the service depends on is up. Its ports are not
published, unless --service-ports or --publish is given. Exits with the command's exit code.`,
  operands: 1,
  options: {
    ...withoutLetters(projectOptions, 'fp'),
    build: { type: 'boolean', does: 'build the image anew' },
    detach: { type: 'boolean', short: 'd', does: 'in the background; prints its name' },
    entrypoint: { type: 'string', value: 'COMMAND', does: "instead of the image's" },
    env: { type: 'string', short: 'e', multiple: true, value: 'NAME=VALUE', does: 'a variable for it' },
    'env-from-file': { type: 'string', multiple: true, value: 'FILE', does: 'variables for it, where --env does not say otherwise' },
    interactive: { type: 'boolean', short: 'i', default: true, does: 'with this command’s input, unless it is --interactive=false' },
    label: { type: 'string', short: 'l', multiple: true, value: 'NAME=VALUE', does: 'a label for it' },
    labels: { type: 'string', multiple: true, value: 'NAME=VALUE', does: 'the same as --label' },
    name: { type: 'string', value: 'NAME', does: "the container's name" },
    'no-TTY': { type: 'boolean', short: 'T', mayBeFalse: true, does: 'no terminal: output is passed on as it is' },
    'no-tty': { type: 'boolean', mayBeFalse: true, does: 'the same as --no-TTY' },
    tty: {
      type: 'boolean',
      short: 't',
      mayBeFalse: true,
      does: 'on this terminal, as without it where there is one; --tty=false: no terminal',
    },
    'no-deps': { type: 'boolean', does: 'do not start what the service depends on' },
    publish: { type: 'string', short: 'p', multiple: true, value: '[HOST:]CONTAINER', does: 'publish this port, and none of the service' },
    pull: { type: 'string', value: 'WHEN', does: 'pull images always, when they are missing, or never' },
    'remove-orphans': { type: 'boolean', does: 'remove containers of services that the file no longer has' },
    rm: { type: 'boolean', does: 'remove the container when it has ended' },
    'service-ports': { type: 'boolean', short: 'P', does: "publish the service's ports" },
    'use-aliases': { type: 'boolean', does: "let others find it by the service's names" },
    user: { type: 'string', short: 'u', value: 'USER', does: 'as this user' },
    volume: { type: 'string', short: 'v', multiple: true, value: 'SOURCE:TARGET', does: 'a volume or bind for it' },
    volumes: { type: 'string', multiple: true, value: 'SOURCE:TARGET', does: 'the same as --volume' },
    workdir: { type: 'string', short: 'w', value: 'DIR', does: 'in this directory' },
    yes: { type: 'boolean', short: 'y', does: 'a Compose file from elsewhere is trusted' },
    'cap-add': { type: 'string', multiple: true, value: 'CAPABILITY', does: 'a capability beside those of the service' },
    'cap-drop': { type: 'string', multiple: true, value: 'CAPABILITY', does: 'a capability that it does not have' },
    ...dryRunOptions,
    ...quietOption,
    ...quietOptions,
    progress: progressOptions.progress,
  },
} as const satisfies Syntax

export const run: Command = {
  syntax,
  async run(args) {
    const { own, rest: command } = splitAfterOperands(args, syntax, 1)
    const { values, positionals } = parseOptions(own, syntax)
    const [service] = positionals
    if (service === undefined) throw new GalleyError('invalid', 'galley run takes a service', { code: 'cli.arguments' })
    const tty = wantsTerminal(values)
    const body = { ...(await wishesOf(values, service)), ...(command.length > 0 && { command }), tty }
    const { project } = body
    if (isRehearsal(values)) return await rehearse(rehearsalPath(project.name, 'run'), { body }, values)
    await agreeToOthers(project, values)
    const id = await prepared(await ask(projectPath(project.name, 'run'), { method: 'POST', body, headers: loginHeaders() }), values)
    return values.detach === true
      ? await startInBackground(id)
      : await startAttached(id, { tty, input: values.interactive, until: values.rm === true ? 'removed' : 'next-exit' })
  },
}

type Values = ReturnType<typeof parseOptions<(typeof syntax)['options']>>['values']

/** Whether it runs on a terminal. Throws `invalid` where one is asked for that its input can't come from. */
function wantsTerminal({ tty, detach, interactive, ...values }: Values): boolean {
  const refused = values['no-TTY'] ?? values['no-tty']
  if (tty !== undefined && refused !== undefined)
    throw new GalleyError('invalid', "--tty and --no-TTY can't be used together", { code: 'cli.arguments' })
  const asked = tty ?? (refused === undefined ? undefined : !refused)
  if (asked === undefined) return detach !== true && process.stdin.isTTY && process.stdout.isTTY
  if (asked && interactive && !process.stdin.isTTY)
    throw new GalleyError('invalid', 'the input device is not a TTY', {
      code: 'cli.arguments',
      advice: 'Without --tty its input and output are passed on as they are; with --interactive=false it has a terminal, and no input.',
    })
  return asked
}

/** What the daemon is asked for, but for the command and the terminal. Throws what reading the project throws, and `invalid`. */
async function wishesOf(values: Values, service: string) {
  const whole = withPorts(await projectWith(service, values), service, values)
  return {
    project: values['no-deps'] === true ? withoutDependencies(whole, service) : whole,
    service,
    ...(values.entrypoint !== undefined && { entrypoint: values.entrypoint === '' ? [''] : values.entrypoint.split(/\s+/) }),
    env: await environmentOf(values),
    labels: Object.fromEntries(
      [...(values.label ?? []), ...(values.labels ?? [])].map((word) => [word.split('=')[0], word.split(/=(.*)/s)[1] ?? '']),
    ),
    user: values.user,
    workingDir: values.workdir,
    volumes: [...(values.volume ?? []), ...(values.volumes ?? [])].map(absolute),
    capAdd: values['cap-add'] ?? [],
    capDrop: values['cap-drop'] ?? [],
    name: values.name,
    servicePorts: values['service-ports'] === true || values.publish !== undefined,
    useAliases: values['use-aliases'] === true,
    interactive: values.interactive,
    detached: values.detach === true,
    remove: values.rm === true,
    build: values.build === true,
    pull: pullWish(values.pull),
    ...(await orphanWishes(values)),
  }
}

/** Throws as `readProject`; where there is no project, the word may be an image's, as `docker run` takes it. */
async function projectWith(service: string, values: Values): Promise<Project> {
  try {
    return await readProject(values, undefined, [service])
  } catch (error) {
    if (!(error instanceof GalleyError) || error.code !== 'compose.no-directory') throw error
    const advice = `An image? ${dockerInstead(`docker run ${service}`)}`
    throw new GalleyError('not found', `there is no Compose file here that could have a service ${service}`, {
      code: 'compose.no-file',
      subject: service,
      advice,
      cause: error,
    })
  }
}

/** The service with these ports instead of its own. Throws `invalid`. */
function withPorts(project: Project, name: string, { publish, ...values }: Values): Project {
  const service = project.services[name]
  if (publish === undefined || service === undefined) return project
  if (values['service-ports'] === true)
    throw new GalleyError('invalid', '--service-ports and --publish are incompatible', { code: 'cli.arguments' })
  return { ...project, services: { ...project.services, [name]: { ...service, ports: publish.flatMap(portsIn) } } }
}

/** `NAME=VALUE`; what a file says comes first, so that what is given beside it counts. Throws `not found`, `invalid`. */
async function environmentOf(values: Values): Promise<string[]> {
  const given = givenVariables(values.env ?? [], await projectVariables(values))
  const known = Object.fromEntries(given.map((word) => word.split(/=(.*)/s, 2)))
  const files = (values['env-from-file'] ?? []).map((file) =>
    parseEnvFile(textOf(file), file, { shell: (name) => (Object.hasOwn(known, name) ? known[name] : undefined) }),
  )
  // Of several files, the first one that has a variable says what it is.
  const read = Object.assign({}, ...files.toReversed()) as Record<string, string>
  return [...Object.entries(read).map(([name, value]) => `${name}=${value}`), ...given]
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw new GalleyError('not found', `${file} can't be read: ${reasonOf(cause)}`, { code: 'file.absent', subject: file, cause })
  }
}

async function prepared(response: Awaited<ReturnType<typeof ask>>, wishes: ProgressWishes): Promise<string> {
  const lines: Line[] = []
  await collect(response, wishes, lines)
  const made = lines.find((line) => line.type === 'container')
  if (made === undefined) throw new GalleyError('internal', 'the daemon made no container')
  return made.id
}

async function startInBackground(id: string): Promise<number> {
  await ask(`/containers/${id}/start`, { method: 'POST' })
  const { Name } = await askJson<{ Name: string }>(`/containers/${id}/json`)
  process.stdout.write(`${Name.slice(1)}\n`)
  return 0
}

interface Attached {
  readonly tty: boolean
  /** Whether it reads what this command reads. */
  readonly input: boolean
  /** What is waited for: one that goes afterwards is gone when the command ends. */
  readonly until: 'next-exit' | 'removed'
}

async function startAttached(id: string, { tty, input, until }: Attached): Promise<number> {
  const stream = await openStream(`/containers/${id}/attach?stream=1&stdin=${input ? 1 : 0}&stdout=1&stderr=1`, {})
  const ended = askJson<{ StatusCode: number }>(`/containers/${id}/wait?condition=${until}`, { method: 'POST' })
  // What the start is refused with is told instead.
  ended.catch(() => undefined)
  const resize = `/containers/${id}/resize`
  // What looks at the size as it starts, finds it.
  if (tty) await tellSize(resize)
  await ask(`/containers/${id}/start`, { method: 'POST' })
  using _signals = passSignals(id)
  await joinStream(stream, { tty, input, resize })
  return (await ended).StatusCode
}

function withoutDependencies(project: Project, name: string): Project {
  const only = alone(project, [name])
  return { ...only, services: Object.fromEntries(Object.values(only.services).map((service) => [name, { ...service, dependsOn: {} }])) }
}

/** Relative sources are from here. */
function absolute(volume: string): string {
  const [source = '', ...rest] = volume.split(':')
  return rest.length > 0 && /^[.~]/.test(source) ? [resolve(source.replace(/^~/, process.env['HOME'] ?? '~')), ...rest].join(':') : volume
}
