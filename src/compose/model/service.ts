import { messageOf } from '#base/error.ts'
import { parseImageReference } from '#base/image-reference.ts'
import { decodeBuild } from './build.ts'
import { decodeContainerOptions } from './container-options.ts'
import { defined, entriesOf, fieldsOf, flagOf, integerOf, itemsOf, textMapOf, textOf, textsOf, wordOf } from './decode.ts'
import { decodeDeploy } from './deploy.ts'
import { decodeFileMounts } from './file-objects.ts'
import { decodeHooks, decodeWatch } from './hooks.ts'
import type { Condition, Dependency, Healthcheck, Position, Service } from './model.ts'
import { decodeMount } from './mounts.ts'
import { decodeAttachments } from './networks.ts'
import { decodePort } from './ports.ts'
import { decodePullPolicy } from './pull-policy.ts'
import { decodeSettings, unsetIn } from './settings.ts'
import { invalidAt, isNull, type Mapping, type Node } from './tree.ts'

const conditions: readonly Condition[] = ['service_started', 'service_healthy', 'service_completed_successfully']

/** Decodes one service of a loaded document; `names` is what images are called before the service's name. Throws `invalid` with the place. */
export function decodeService(...[name, at, node, names]: readonly [string, Position, Mapping, string]): Service {
  const where = `services.${name}`
  const field = fieldsOf(node, where)
  const build = decodeBuild(field('build'), `${where}.build`)
  const unset = unsetIn(field('environment'), `${where}.environment`)
  return {
    name,
    at,
    image: imageOf(field('image'), where) ?? `${names}${name}`,
    ...(build !== undefined && { build }),
    ports: itemsOf(field('ports'), `${where}.ports`).map(decodePort),
    expose: textsOf(field('expose'), `${where}.expose`).flatMap(portsIn),
    mounts: itemsOf(field('volumes'), `${where}.volumes`).map(decodeMount),
    environment: decodeSettings(field('environment'), `${where}.environment`),
    ...(unset.length > 0 && { unset }),
    networks: decodeAttachments(node, where),
    restart: decodeRestart(field('restart'), where),
    dependsOn: decodeDependencies(field('depends_on'), where),
    labels: textMapOf(field('labels'), `${where}.labels`),
    options: decodeContainerOptions(node, where),
    ...container(node, where),
    ...orchestration(node, where),
  }
}

/** A name that no image can have is told with its place, and the unset variable that may be a part of it is warned of before. */
function imageOf(node: Node | undefined, where: string): string | undefined {
  const text = textOf(node, `${where}.image`)
  if (node === undefined || text === undefined) return undefined
  // An image's own id is no reference.
  if (/^(sha256:)?[0-9a-f]{64}$/.test(text)) return text
  try {
    parseImageReference(text)
  } catch (error) {
    throw invalidAt(node.at, `${where}.image: ${messageOf(error)}: "${text}"`, 'It is written NAME:TAG, in small letters.')
  }
  return text
}

/** Attributes of the container that stay absent when they are not written. */
function container(service: Mapping, where: string): Partial<Service> {
  const field = fieldsOf(service, where)
  const text = (key: string): string | undefined => textOf(field(key), `${where}.${key}`)
  const texts = (key: string): string[] | undefined => (field(key) === undefined ? undefined : textsOf(field(key), `${where}.${key}`))
  const grace = integerOf(field('stop_grace_period'), `${where}.stop_grace_period`)
  return defined({
    containerName: text('container_name'),
    workingDir: text('working_dir'),
    user: text('user'),
    hostname: text('hostname'),
    command: texts('command'),
    entrypoint: texts('entrypoint'),
    healthcheck: decodeHealthcheck(field('healthcheck'), where),
    stopGracePeriod: grace === undefined ? undefined : Math.ceil(grace / 1e9),
    platform: text('platform'),
  })
}

/** The same of what Compose itself carries out. */
function orchestration(service: Mapping, where: string): Partial<Service> {
  const field = fieldsOf(service, where)
  const texts = (key: string): string[] | undefined => (field(key) === undefined ? undefined : textsOf(field(key), `${where}.${key}`))
  const deploy = decodeDeploy(field('deploy'), `${where}.deploy`)
  return defined({
    // `global` is one on each machine, and there is one machine.
    replicas: integerOf(field('scale'), `${where}.scale`) ?? (deploy?.mode === 'global' ? 1 : deploy?.replicas),
    profiles: texts('profiles'),
    deploy,
    pullPolicy: decodePullPolicy(field('pull_policy'), `${where}.pull_policy`),
    secrets: decodeFileMounts('secrets', field('secrets'), `${where}.secrets`),
    configs: decodeFileMounts('configs', field('configs'), `${where}.configs`),
    preStart: decodeHooks(field('pre_start'), `${where}.pre_start`),
    postStart: decodeHooks(field('post_start'), `${where}.post_start`),
    preStop: decodeHooks(field('pre_stop'), `${where}.pre_stop`),
    watch: decodeWatch(field('develop'), where),
    links: texts('links'),
    externalLinks: texts('external_links'),
    volumesFrom: texts('volumes_from'),
    attach: flagOf(field('attach'), `${where}.attach`),
  })
}

/** `3000-3002/tcp` is three ports. */
function portsIn(text: string): string[] {
  const [, first, last, protocol = ''] = /^(\d+)-(\d+)(\/\w+)?$/.exec(text) ?? []
  if (first === undefined || last === undefined) return [text]
  return Array.from({ length: Math.max(0, Number(last) - Number(first) + 1) }, (_, index) => `${Number(first) + index}${protocol}`)
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
      const field = fieldsOf(value, what)
      const condition = wordOf(field('condition'), conditions, `${what}.condition`) ?? 'service_started'
      const restart = flagOf(field('restart'), `${what}.restart`)
      return [name, { condition, required: flagOf(field('required'), `${what}.required`) ?? true, ...defined({ restart }) }]
    }),
  )
}

function decodeHealthcheck(node: Node | undefined, where: string): Healthcheck | undefined {
  if (node === undefined || isNull(node)) return undefined
  const field = (key: string): Node | undefined => entriesOf(node, `${where}.healthcheck`).get(key)?.value
  if (flagOf(field('disable'), 'healthcheck.disable') === true) return { test: ['NONE'] }
  const time = (key: string, name: keyof Healthcheck): Partial<Healthcheck> => {
    const value = integerOf(field(key), `healthcheck.${key}`)
    return value === undefined ? {} : { [name]: value }
  }
  const [retries, often] = [integerOf(field('retries'), 'healthcheck.retries'), field('start_interval')]
  if (often !== undefined && field('start_period') === undefined)
    throw invalidAt(often.at, 'healthcheck.start_interval requires healthcheck.start_period to be set')
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
  if (node === undefined) return []
  const test = textsOf(node, 'healthcheck.test')
  if (!['NONE', 'CMD', 'CMD-SHELL'].includes(test[0] ?? ''))
    throw invalidAt(node.at, 'healthcheck.test must be a string, or a list that starts with NONE, CMD or CMD-SHELL')
  return test
}
