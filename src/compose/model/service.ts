import { isAbsolute, resolve } from 'node:path'
import { nanosecondsOf } from '#base/duration.ts'
import { decodeContainerOptions } from './container-options.ts'
import { checkKeys, entriesOf, flagOf, integerOf, itemsOf, textMapOf, textOf, textsOf, wordOf } from './decode.ts'
import { attachmentKeys, buildKeys, healthcheckKeys, serviceKeys } from './keys.ts'
import type { Attachment, Build, Condition, Dependency, Healthcheck, Position, Service, Setting } from './model.ts'
import { decodeMount } from './mounts.ts'
import { decodePort } from './ports.ts'
import { invalidAt, isNull, unsupportedAt, type Mapping, type Node } from './tree.ts'
import { splitWords } from './words.ts'

/** What a service is decoded with beside its own text. */
export interface Surroundings {
  readonly project: string
  readonly directory: string
  /** Variables of the service's `env_file`s. */
  readonly fileVariables: Readonly<Record<string, string>>
  /** The caller's environment, for variables without a value. */
  readonly lookup: (name: string) => string | undefined
}

const conditions: readonly Condition[] = ['service_started', 'service_healthy', 'service_completed_successfully']

/** Decodes one merged service. Throws `invalid` and `not implemented` with the place. */
export function decodeService(name: string, at: Position, node: Node, around: Surroundings): Service {
  if (node.kind !== 'mapping') throw invalidAt(node.at, `services.${name} must be a mapping`)
  const where = `services.${name}`
  checkKeys(node, serviceKeys, where)
  const field = (key: string): Node | undefined => node.entries.get(key)?.value
  const build = decodeBuild(field('build'), around.directory, where)
  const image = textOf(field('image'), `${where}.image`)
  if (image === undefined && build === undefined)
    throw invalidAt(at, `service "${name}" has neither an image nor a build context specified`)
  return {
    name,
    at,
    image: image ?? `${around.project}-${name}`,
    ...(build !== undefined && { build }),
    ports: itemsOf(field('ports'), `${where}.ports`).flatMap(decodePort),
    expose: textsOf(field('expose'), `${where}.expose`),
    mounts: itemsOf(field('volumes'), `${where}.volumes`).map((item) => decodeMount(item, around.directory)),
    environment: decodeEnvironment(field('environment'), around, where),
    networks: decodeNetworks(node, where),
    restart: decodeRestart(field('restart'), where),
    dependsOn: decodeDependencies(field('depends_on'), where),
    labels: textMapOf(field('labels'), `${where}.labels`),
    options: decodeContainerOptions(node, where),
    ...optional(node, where),
  }
}

/** Attributes that stay absent when they are not written. */
function optional(service: Mapping, where: string): Partial<Service> {
  const field = (key: string): Node | undefined => service.entries.get(key)?.value
  const word = (key: string, name: keyof Service): Partial<Service> => {
    const text = textOf(field(key), `${where}.${key}`)
    return text === undefined ? {} : { [name]: text }
  }
  const command = decodeCommand(field('command'), `${where}.command`)
  const entrypoint = decodeCommand(field('entrypoint'), `${where}.entrypoint`)
  const healthcheck = decodeHealthcheck(field('healthcheck'), where)
  const grace = durationOf(field('stop_grace_period'), `${where}.stop_grace_period`)
  return {
    ...word('container_name', 'containerName'),
    ...word('working_dir', 'workingDir'),
    ...word('user', 'user'),
    ...word('hostname', 'hostname'),
    ...(command !== undefined && { command }),
    ...(entrypoint !== undefined && { entrypoint }),
    ...(healthcheck !== undefined && { healthcheck }),
    ...(grace !== undefined && { stopGracePeriod: Math.ceil(grace / 1e9) }),
  }
}

function decodeBuild(node: Node | undefined, directory: string, where: string): Build | undefined {
  if (node === undefined || isNull(node)) return undefined
  checkKeys(node, buildKeys, `${where}.build`)
  const fields = entriesOf(node, `${where}.build`)
  const context = textOf(fields.get('context')?.value, 'build.context') ?? '.'
  if (/^(https?|git|ssh):\/\/|^git@|\.git(#|$)/.test(context)) throw unsupportedAt(node.at, 'a build context that is not a local directory')
  const target = textOf(fields.get('target')?.value, 'build.target')
  return {
    context: isAbsolute(context) ? context : resolve(directory, context),
    dockerfile: textOf(fields.get('dockerfile')?.value, 'build.dockerfile') ?? 'Dockerfile',
    args: textMapOf(fields.get('args')?.value, 'build.args'),
    ...(target !== undefined && { target }),
  }
}

/** The service's own values win over those of its files; one without a value takes the caller's, or is left out. */
function decodeEnvironment(node: Node | undefined, { fileVariables, lookup }: Surroundings, where: string): Record<string, Setting> {
  const settings = new Map<string, Setting>(Object.entries(fileVariables).map(([name, value]) => [name, { value }]))
  for (const [name, entry] of entriesOf(node, `${where}.environment`)) {
    const value = isNull(entry.value) ? lookup(name) : textOf(entry.value, `${where}.environment.${name}`)
    if (value !== undefined) settings.set(name, { value, at: entry.value.at })
  }
  return Object.fromEntries(settings)
}

function decodeNetworks(service: Mapping, where: string): Record<string, Attachment> {
  const entries = entriesOf(service.entries.get('networks')?.value, `${where}.networks`)
  const mode = service.entries.get('network_mode')
  if (mode !== undefined && entries.size > 0)
    throw invalidAt(mode.at, `${where} declares mutually exclusive \`network_mode\` and \`networks\``)
  if (mode !== undefined) return {}
  if (entries.size === 0) return { default: { aliases: [] } }
  return Object.fromEntries(
    [...entries].map(([name, { value }]) => {
      checkKeys(value, attachmentKeys, `${where}.networks.${name}`)
      const fields = entriesOf(value, `${where}.networks.${name}`)
      const ipv4Address = textOf(fields.get('ipv4_address')?.value, 'ipv4_address')
      return [name, { aliases: textsOf(fields.get('aliases')?.value, 'aliases'), ...(ipv4Address !== undefined && { ipv4Address }) }]
    }),
  )
}

function decodeRestart(node: Node | undefined, where: string): Service['restart'] {
  const [word = 'no', count] = (textOf(node, `${where}.restart`) ?? 'no').split(':')
  // An unquoted `no` is a boolean to older YAML.
  const name = word === 'false' ? 'no' : word
  if (!['no', 'always', 'unless-stopped', 'on-failure'].includes(name) || (count !== undefined && !/^\d+$/.test(count)))
    throw invalidAt(node!.at, `invalid restart policy "${word}"`, 'One of no, always, unless-stopped, on-failure, on-failure:3.') // it had a text
  return { name: name as Service['restart']['name'], maximumRetryCount: Number(count ?? 0) }
}

function decodeDependencies(node: Node | undefined, where: string): Record<string, Dependency> {
  return Object.fromEntries(
    [...entriesOf(node, `${where}.depends_on`)].map(([name, { value }]) => {
      const what = `${where}.depends_on.${name}`
      checkKeys(value, { known: ['condition', 'required'], unsupported: ['restart'] }, what)
      const fields = entriesOf(value, what)
      const condition = wordOf(fields.get('condition')?.value, conditions, `${what}.condition`) ?? 'service_started'
      return [name, { condition, required: flagOf(fields.get('required')?.value, `${what}.required`) ?? true }]
    }),
  )
}

function decodeCommand(node: Node | undefined, what: string): string[] | undefined {
  if (node === undefined || isNull(node)) return undefined
  if (node.kind === 'sequence') return textsOf(node, what)
  const words = splitWords(textOf(node, what) ?? '')
  if (words === undefined) throw invalidAt(node.at, `${what} has a quote that is not closed`)
  return words
}

function decodeHealthcheck(node: Node | undefined, where: string): Healthcheck | undefined {
  if (node === undefined || isNull(node)) return undefined
  checkKeys(node, healthcheckKeys, `${where}.healthcheck`)
  const field = (key: string): Node | undefined => entriesOf(node, `${where}.healthcheck`).get(key)?.value
  if (flagOf(field('disable'), 'healthcheck.disable') === true) return { test: ['NONE'] }
  const time = (key: string, name: keyof Healthcheck): Partial<Healthcheck> => {
    const value = durationOf(field(key), `healthcheck.${key}`)
    return value === undefined ? {} : { [name]: value }
  }
  const retries = integerOf(field('retries'), 'healthcheck.retries')
  return {
    test: decodeTest(field('test')),
    ...time('interval', 'interval'),
    ...time('timeout', 'timeout'),
    ...time('start_period', 'startPeriod'),
    ...time('start_interval', 'startInterval'),
    ...(retries !== undefined && { retries }),
  }
}

/** Empty when it isn't written: then the image's test runs with these times. */
function decodeTest(node: Node | undefined): readonly string[] {
  if (node === undefined || isNull(node)) return []
  if (node.kind !== 'sequence') return ['CMD-SHELL', textOf(node, 'healthcheck.test') ?? '']
  const test = textsOf(node, 'healthcheck.test')
  if (!['NONE', 'CMD', 'CMD-SHELL'].includes(test[0] ?? ''))
    throw invalidAt(node.at, 'healthcheck.test must be a string, or a list that starts with NONE, CMD or CMD-SHELL')
  return test
}

/** Nanoseconds (compose-spec, 11-extension, durations). */
function durationOf(node: Node | undefined, what: string): number | undefined {
  const text = textOf(node, what)
  if (text === undefined) return undefined
  // Compose counts days too.
  const duration = nanosecondsOf(text.replaceAll(/(\d+)d/g, (_, days: string) => `${Number(days) * 24}h`))
  if (duration === undefined) throw invalidAt(node!.at, `${what}: invalid duration "${text}"`, 'Such as 10s, 1m30s or 500ms.') // it had a text
  return duration
}
