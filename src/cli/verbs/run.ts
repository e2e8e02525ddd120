import { resolve } from 'node:path'
import { GalleyError } from '#base/error.ts'
import { alone } from '#compose/model/alone.ts'
import type { Project } from '#compose/model/model.ts'
import type { Line } from '#faces/galley/line.ts'
import { callerEnvironment } from '../caller-environment.ts'
import type { Command, Syntax } from '../command.ts'
import { ask, askJson } from '../connect.ts'
import { loginHeaders } from '../logins.ts'
import { parseOptions, projectOptions, splitAfterOperands, withoutLetters } from '../options.ts'
import { collect, progressOptions, quietOption, quietOptions, type ProgressWishes } from '../progress.ts'
import { readProject } from '../project.ts'
import { joinStream, openStream } from '../streams.ts'

const syntax = {
  usage: 'run SERVICE [COMMAND…]',
  does: `Runs a command in a container of its own, made as the service's are, after what the service depends on is up. Its ports are not
published, unless --service-ports is given. Exits with the command's exit code.`,
  operands: 1,
  options: {
    ...withoutLetters(projectOptions, 'fp'),
    build: { type: 'boolean', does: 'build the image anew' },
    detach: { type: 'boolean', short: 'd', does: 'in the background; prints its name' },
    entrypoint: { type: 'string', value: 'COMMAND', does: "instead of the image's" },
    env: { type: 'string', short: 'e', multiple: true, value: 'NAME=VALUE', does: 'a variable for it' },
    interactive: { type: 'boolean', short: 'i', does: 'is always so' },
    label: { type: 'string', short: 'l', multiple: true, value: 'NAME=VALUE', does: 'a label for it' },
    name: { type: 'string', value: 'NAME', does: "the container's name" },
    'no-TTY': { type: 'boolean', short: 'T', does: 'no terminal: output is passed on as it is' },
    'no-deps': { type: 'boolean', does: 'do not start what the service depends on' },
    rm: { type: 'boolean', does: 'remove the container when it has ended' },
    'service-ports': { type: 'boolean', short: 'P', does: "publish the service's ports" },
    'use-aliases': { type: 'boolean', does: "let others find it by the service's names" },
    user: { type: 'string', short: 'u', value: 'USER', does: 'as this user' },
    volume: { type: 'string', short: 'v', multiple: true, value: 'SOURCE:TARGET', does: 'a volume or bind for it' },
    workdir: { type: 'string', short: 'w', value: 'DIR', does: 'in this directory' },
    'cap-add': { type: 'string', multiple: true, value: 'CAPABILITY', does: 'a capability beside those of the service' },
    'cap-drop': { type: 'string', multiple: true, value: 'CAPABILITY', does: 'a capability that it does not have' },
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
    const whole = await readProject(values, undefined, [service])
    const project = values['no-deps'] === true ? withoutDependencies(whole, service) : whole
    const tty = values['no-TTY'] !== true && values.detach !== true && process.stdin.isTTY && process.stdout.isTTY
    const environment = callerEnvironment()
    const body = {
      project,
      service,
      ...(command.length > 0 && { command }),
      ...(values.entrypoint !== undefined && { entrypoint: values.entrypoint === '' ? [''] : values.entrypoint.split(/\s+/) }),
      env: (values.env ?? []).map((word) => (word.includes('=') ? word : `${word}=${environment[word] ?? ''}`)),
      labels: Object.fromEntries((values.label ?? []).map((word) => [word.split('=')[0], word.split(/=(.*)/s)[1] ?? ''])),
      user: values.user,
      workingDir: values.workdir,
      volumes: (values.volume ?? []).map(absolute),
      capAdd: values['cap-add'] ?? [],
      capDrop: values['cap-drop'] ?? [],
      name: values.name,
      servicePorts: values['service-ports'] === true,
      useAliases: values['use-aliases'] === true,
      tty,
      interactive: values.detach !== true,
      remove: values.rm === true,
      build: values.build === true,
    }
    const id = await prepared(
      await ask(`/galley/v1/projects/${project.name}/run`, { method: 'POST', body, headers: loginHeaders() }),
      values,
    )
    return values.detach === true
      ? await startInBackground(id)
      : await startAttached(id, { tty, until: values.rm === true ? 'removed' : 'next-exit' })
  },
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
  /** What is waited for: one that goes afterwards is gone when the command ends. */
  readonly until: 'next-exit' | 'removed'
}

async function startAttached(id: string, { tty, until }: Attached): Promise<number> {
  const stream = await openStream(`/containers/${id}/attach?stream=1&stdin=1&stdout=1&stderr=1`, {})
  const ended = askJson<{ StatusCode: number }>(`/containers/${id}/wait?condition=${until}`, { method: 'POST' })
  // What the start is refused with is told instead.
  ended.catch(() => undefined)
  await ask(`/containers/${id}/start`, { method: 'POST' })
  await joinStream(stream, { tty, input: true, resize: `/containers/${id}/resize` })
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
