import { GalleyError } from '#base/error.ts'
import type { BuildAsked } from '#faces/galley/build/asked.ts'
import type { parseOptions } from '../options.ts'
import { readCaches, type Caches } from '#faces/galley/build/caches.ts'
import { isReachedBySsh, mainContext, namedContexts, type Input } from './contexts.ts'
import { csvFields } from '#faces/galley/build/csv.ts'
import { planOutputs, type PlannedOutput } from './outputs.ts'
import { proxyArguments } from './proxies.ts'
import { bytesIn, readAgents, readSecrets, type Agents } from './steps.ts'
import type { buildSyntax } from './syntax.ts'

export type Values = ReturnType<typeof parseOptions<(typeof buildSyntax)['options']>>['values']

export interface Prepared {
  readonly asked: BuildAsked
  readonly outputs: readonly PlannedOutput[]
  /** See `Caches`. */
  readonly cachesWritten: Caches['written']
  /** Files of keys that agents have to be started for, by the agents' ids. */
  readonly keys: Agents['keys']
}

export interface Given {
  readonly values: Values
  /** A path, an address, or `-`. */
  readonly context: string
  /** What came over standard input, when something there is `-`. */
  readonly input: Input | undefined
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Whether a shell can be opened here. */
  readonly hasTerminal: boolean
}

/** What the command line asks for, as the daemon takes it. Reads secrets. Throws `invalid`, `not found`, `not implemented`. */
export function prepareRequest({ values, context, input, environment, hasTerminal }: Given): Prepared {
  const main = mainContext(context, values.file?.[0], input)
  const named = namedContexts(values['build-context'] ?? [])
  const caches = readCaches({ from: values['cache-from'], to: values['cache-to'] }, process.cwd())
  // The daemon tells of one.
  if (caches.written.length > 1) throw new GalleyError('invalid', 'only one --cache-to can be of type local')
  const outputs = planOutputs({
    output: values.output ?? [],
    load: values.load === true,
    push: values.push === true,
    tags: values.tag ?? [],
    annotations: annotationsOf(values.annotation ?? []),
  })
  const call = questionOf(values)
  const agents = readAgents(agentsFor(context, values, environment), environment)
  const layouts = outputs.flatMap(({ destination }) => (destination?.kind === 'layout' ? [['export', destination.path] as const] : []))
  return {
    outputs,
    cachesWritten: caches.written,
    keys: agents.keys,
    asked: {
      options: { ...main.options, ...named.options, ...stepOptions(values, environment), ...(call !== undefined && { requestid: call }) },
      exporters: outputs.map(({ exporter }) => exporter),
      cacheFrom: caches.from,
      cacheTo: caches.to,
      entitlements: [...(values.allow ?? []), ...(values.network === 'host' ? ['network.host'] : [])],
      ...(call !== undefined && { call }),
      ...(values.debug === true && { debug: hasTerminal ? 'here' : 'kept' }),
      client: {
        directories: { ...main.directories, ...named.directories },
        secrets: readSecrets(values.secret ?? [], environment),
        agents: agents.sockets,
        layouts: { ...named.layouts, ...caches.layouts, ...Object.fromEntries(layouts) },
        owner: { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 },
      },
    },
  }
}

/** As buildx does: a context that is reached by SSH has the agent that is there, unless others are named. */
function agentsFor(context: string, { ssh = [] }: Values, environment: Given['environment']): readonly string[] {
  return ssh.length === 0 && isReachedBySsh(context) && environment['SSH_AUTH_SOCK'] ? ['default'] : ssh
}

function stepOptions(values: Values, environment: Given['environment']): Record<string, string> {
  const args = (values['build-arg'] ?? []).flatMap((text) => argument(text, environment))
  const epoch = environment['SOURCE_DATE_EPOCH']
  const listed = (name: string, words: readonly string[] | undefined): Record<string, string> =>
    words === undefined || words.length === 0 ? {} : { [name]: words.join(',') }
  return {
    ...(epoch !== undefined && { 'build-arg:SOURCE_DATE_EPOCH': epoch }),
    ...Object.fromEntries(
      [...proxyArguments(new Set(args.map(([name]) => name))), ...args].map(([name, value]) => [`build-arg:${name}`, value]),
    ),
    ...Object.fromEntries((values.label ?? []).map(pair).map(([name, value]) => [`label:${name}`, value])),
    ...(values.target !== undefined && { target: values.target }),
    ...(values.pull === true && { 'image-resolve-mode': 'pull' }),
    ...(values['no-cache'] === true ? { 'no-cache': '' } : listed('no-cache', values['no-cache-filter'])),
    ...listed('platform', values.platform),
    ...(values.network !== undefined && values.network !== 'default' && { 'force-network-mode': values.network }),
    ...listed('add-hosts', values['add-host']?.map(host)),
    ...(values['shm-size'] !== undefined && { 'shm-size': String(bytesIn('shm-size', values['shm-size'])) }),
    ...listed('ulimit', values.ulimit),
    ...(values['cgroup-parent'] !== undefined && { 'cgroup-parent': values['cgroup-parent'] }),
    ...attestations(values),
  }
}

/** Without a value, that of the environment; one that is not there is no argument at all. */
function argument(text: string, environment: Given['environment']): [string, string][] {
  if (text.includes('=')) return [pair(text)]
  const value = environment[text]
  return value === undefined ? [] : [[text, value]]
}

function pair(text: string): [string, string] {
  const at = text.indexOf('=')
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)]
}

/** `name:address` and `name=address`. */
function host(text: string): string {
  const [, name, address] = /^([^:=]+)[:=](.+)$/s.exec(text) ?? []
  if (name === undefined || address === undefined) throw new GalleyError('invalid', `--add-host: invalid value ${text}`, { subject: text })
  return `${name}=${address.replace(/^\[(.*)\]$/, '$1')}`
}

/** `[TYPE,…:]NAME=VALUE`: attributes of exporters, such as `annotation-index.NAME`. */
function annotationsOf(given: readonly string[]): Record<string, string> {
  const types = '(?:manifest|index|manifest-descriptor|index-descriptor)(?:\\[[^\\]]*\\])?'
  const form = new RegExp(`^(?:(${types}(?:,${types})*):)?([^=]+)=(.*)$`, 's')
  return Object.fromEntries(
    given.flatMap((text) => {
      const [, levels, name, value] = form.exec(text) ?? []
      if (name === undefined || value === undefined)
        throw new GalleyError('invalid', `--annotation: invalid value ${text}: it is no [TYPE:]NAME=VALUE`, { subject: text })
      const keys = levels === undefined ? ['annotation'] : levels.split(',').map((level) => `annotation-${level}`)
      return keys.map((key) => [`${key}.${name}`, value])
    }),
  )
}

function attestations({ attest = [], provenance, sbom }: Values): Record<string, string> {
  const all = [
    ...attest,
    ...(provenance === undefined ? [] : [short('provenance', provenance)]),
    ...(sbom === undefined ? [] : [short('sbom', sbom)]),
  ]
  return Object.fromEntries(
    all.flatMap((text) => {
      const fields = csvFields(text)
      const type = fields.find((field) => field.startsWith('type='))?.slice('type='.length)
      if (type === undefined) throw new GalleyError('invalid', `--attest: type is required: ${text}`, { subject: text })
      if (fields.includes('disabled=true')) return []
      return [[`attest:${type}`, fields.filter((field) => !field.startsWith('type=')).join(',')]]
    }),
  )
}

function short(type: string, value: string): string {
  if (/^(true|1)$/i.test(value)) return `type=${type}`
  return /^(false|0)$/i.test(value) ? `type=${type},disabled=true` : `type=${type},${value}`
}

const questions: Readonly<Record<string, string>> = {
  check: 'frontend.lint',
  lint: 'frontend.lint',
  outline: 'frontend.outline',
  targets: 'frontend.targets',
}

/** `--call NAME[,format=json]` or `--check`; undefined for a build. Throws `invalid`. */
function questionOf({ call, check }: Values): string | undefined {
  if (check === true) return questions['check']
  const [name = 'build'] = call?.split(',') ?? []
  if (name === 'build') return undefined
  if (Object.hasOwn(questions, name)) return questions[name]
  return name.includes('.') ? name : `frontend.${name}`
}
