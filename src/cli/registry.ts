import { resolve } from 'node:path'
import { GalleyError } from '#base/error.ts'
import { nearest } from '#base/nearest.ts'
import type { RegistryStatus } from '#faces/galley/registry.ts'
import type { Command, Syntax } from './command.ts'
import { ask, askJson, type Asked } from './connect.ts'
import { numberOf, parseOptions } from './options.ts'
import { listed, outputOptions, tell } from './output.ts'
import { readPassword } from './read-password.ts'
import { say } from './say.ts'
import { inWords } from './words.ts'

const base = '/galley/v1/registry'

const syntax = {
  usage: 'registry VERB',
  does: `Galley's own registry, from which docker, podman, skopeo and others pull and to which they push. It is off until it is started,
and then on again after every restart.

  start             serve it; without options as the last time, or at 127.0.0.1:5000
  status            how it is served, and to whom; exit code 3 when it isn't
  stop              serve it no longer; what is in it stays
  user add NAME     give somebody a password, which is read from the input; without --pull or --push for everything
  user allow NAME   other rights with the same password
  user remove NAME
  user list
  login DOMAIN      how it is known to a registry that it mirrors; the password is read from the input
  logout DOMAIN
  clean             let go of what no manifest needs`,
  operands: 3,
  options: {
    listen: { type: 'string', value: 'ADDRESS:PORT', does: 'where; any address but loopback needs TLS' },
    name: { type: 'string', multiple: true, value: 'HOST[:PORT]', does: 'a name by which clients call it' },
    tlscert: { type: 'string', value: 'FILE', does: 'the certificate' },
    tlskey: { type: 'string', value: 'FILE', does: "the certificate's key" },
    anonymous: { type: 'string', value: 'none|pull|push', does: 'what needs no password (none)' },
    'read-only': { type: 'boolean', does: 'nobody pushes or deletes' },
    mirror: { type: 'string', multiple: true, value: 'DOMAIN', does: 'fetch and keep what is asked for below DOMAIN/, such as docker.io' },
    username: { type: 'string', value: 'NAME', does: 'login: the name' },
    'pull-only': { type: 'boolean', does: 'the user may not push' },
    pull: { type: 'string', multiple: true, value: 'PATTERN', does: 'user: repositories to pull from, such as team/*' },
    push: { type: 'string', multiple: true, value: 'PATTERN', does: 'user: repositories to pull from, push to and delete from' },
    untagged: { type: 'boolean', does: 'clean: also manifests that nothing refers to' },
    hours: { type: 'string', value: 'NUMBER', does: 'clean: how long a blob waits for its manifest (6)' },
    ...outputOptions,
  },
} as const satisfies Syntax

type Given = ReturnType<typeof parseOptions<typeof syntax.options>>

const verbs: Readonly<Record<string, (given: Given) => Promise<number>>> = {
  start,
  status: async ({ values }) => await tellStatus(await askJson<RegistryStatus>(base), values),
  stop: async () => {
    const { stopped } = await askJson<{ stopped: boolean }>(`${base}/stop`, { method: 'POST' })
    return say(stopped ? 'the registry is no longer served; what is in it stays' : 'the registry was not served')
  },
  user,
  login,
  logout: ({ positionals: [, domain = ''] }) =>
    tellDone(`${base}/logins/${encodeURIComponent(domain)}`, { method: 'DELETE' }, `no longer known to ${domain}`),
  clean,
}

export const registry: Command = {
  syntax,
  async run(args) {
    const given = parseOptions(args, syntax)
    const [verb = ''] = given.positionals
    const task = Object.hasOwn(verbs, verb) ? verbs[verb] : undefined
    if (task === undefined)
      throw verb === '' ? wrong('what should the registry do?') : wrong(`unknown verb '${verb}'`, nearest(verb, Object.keys(verbs)))
    return await task(given)
  },
}

async function start({ values }: Given): Promise<number> {
  const { listen, name, tlscert, tlskey, anonymous, mirror } = values
  const body = {
    ...(listen !== undefined && { listen }),
    ...(name !== undefined && { names: name }),
    ...(tlscert !== undefined && { certificate: resolve(tlscert) }),
    ...(tlskey !== undefined && { key: resolve(tlskey) }),
    ...(anonymous !== undefined && { anonymous }),
    ...(values['read-only'] === true && { readOnly: true }),
    ...(mirror !== undefined && { mirrors: mirror }),
  }
  return await tellStatus(await askJson<RegistryStatus>(`${base}/start`, { method: 'POST', body }), values)
}

const anonymously = {
  none: 'nobody without a password',
  pull: 'anybody who reaches it, without a password',
  push: 'anybody who reaches it, without a password',
} as const

async function tellStatus(status: RegistryStatus, values: Given['values']): Promise<number> {
  const text = (): string =>
    linesOf(status)
      .map((line) => `${inWords(line)}\n`)
      .join('')
  await tell({ data: status, names: status.domains, text }, values)
  return status.open && status.settings !== undefined ? 0 : 3
}

function linesOf({ open, settings, domains, users }: RegistryStatus): string[] {
  if (!open || settings === undefined) return ['the registry is not served; galley registry start serves it']
  const { anonymous, readOnly, tls, mirrors } = settings
  const names = domains.join(', ')
  return [
    tls === undefined ? `served as ${names}, in the clear, on this machine only` : `served as ${names}, with TLS`,
    `pull: ${anonymous === 'none' ? anonymously.none : anonymously.pull}`,
    `push: ${readOnly ? 'nobody, it is read-only' : anonymous === 'push' ? anonymously.push : anonymously.none}`,
    ...(anonymous !== 'none' && tls === undefined ? ['note: every user of this machine, and every program, reaches loopback'] : []),
    ...mirrors.map((mirror) => `mirrors ${mirror}: ${domains[0]}/${mirror}/NAME`),
    users.length === 0 ? 'users: none; galley registry user add NAME makes one' : `users: ${users.map(described).join(', ')}`,
  ]
}

type User = RegistryStatus['users'][number]

function described({ name, rights }: User): string {
  const may = mayDo(rights)
  if (may === 'push') return name
  return may === 'pull' ? `${name} (pull only)` : `${name} (${may})`
}

/** `push` for everything, `pull` for pulling everything, or which repositories: `pull base/*, push team/app`. */
function mayDo({ pull, push }: User['rights']): string {
  if (push.includes('*')) return 'push'
  if (push.length === 0 && pull.includes('*')) return 'pull'
  return Object.entries({ pull, push })
    .flatMap(([what, patterns]) => (patterns.length === 0 ? [] : `${what} ${patterns.join(' ')}`))
    .join(', ')
}

function rightsOf({ pull = [], push = [], 'pull-only': pullOnly = false }: Given['values']): User['rights'] {
  if (pullOnly && pull.length + push.length > 0) throw wrong('--pull-only goes with neither --pull nor --push')
  if (pullOnly) return { pull: ['*'], push: [] }
  return pull.length + push.length === 0 ? { pull: [], push: ['*'] } : { pull, push }
}

async function user({ positionals: [, verb = '', name = ''], values }: Given): Promise<number> {
  if (verb === 'list') {
    const { users } = await askJson<RegistryStatus>(base)
    const { data, names } = listed({ rows: users, name: ({ name: own }) => own, columns: {} })
    await tell({ data, names, text: () => users.map((one) => `${inWords(described(one))}\n`).join('') }, values)
    return 0
  }
  if (name === '' || !['add', 'allow', 'remove'].includes(verb))
    throw wrong('user add NAME, user allow NAME, user remove NAME or user list')
  const path = `${base}/users/${encodeURIComponent(name)}`
  if (verb === 'remove') return await tellDone(path, { method: 'DELETE' }, `${name} is no user any more`)
  const rights = rightsOf(values)
  const body = verb === 'allow' ? rights : { ...rights, password: await readPassword() }
  return await tellDone(path, { method: 'POST', body }, `the user ${name} may ${mayDo(rights)}`)
}

async function login({ positionals: [, domain = ''], values: { username } }: Given): Promise<number> {
  if (domain === '' || username === undefined) throw wrong('login DOMAIN --username NAME')
  const body = { username, password: await readPassword() }
  return await tellDone(`${base}/logins/${encodeURIComponent(domain)}`, { method: 'POST', body }, `known to ${domain} as ${username}`)
}

async function tellDone(path: string, asked: Asked, done: string): Promise<number> {
  ;(await ask(path, asked)).resume()
  return say(done)
}

async function clean({ values }: Given): Promise<number> {
  const hours = values.hours === '0' ? 0 : numberOf(values.hours, 'hours', 3_600_000)
  const body = { untagged: values.untagged === true, ...(hours !== undefined && { patience: hours }) }
  const { manifests, blobs } = await askJson<{ manifests: number; blobs: number }>(`${base}/clean`, { method: 'POST', body })
  return say(`let go of ${manifests} manifests and ${blobs} blobs`)
}

function wrong(problem: string, meant?: string): GalleyError {
  const advice = meant === undefined ? 'galley registry --help tells how it is used.' : `Did you mean ${meant}?`
  return new GalleyError('invalid', problem, { code: 'cli.arguments', advice })
}
