import type { Project } from '#compose/model/model.ts'
import type { Syntax } from '../command.ts'
import { parseOptions, projectOptions, splitAfterOperands, type Options } from '../options.ts'
import { directoryAndServices, readProject } from '../project.ts'
import { outputOptions } from '../output.ts'
import { contextOf } from '../build/reading.ts'
import type { Values as BuildValues } from '../build/request.ts'
import { inWords } from '../words.ts'
import { dockerBuild } from './docker-build.ts'
import { flags } from './flags.ts'
import { shellWords } from './shell-words.ts'

/** What a verb's options are to docker compose's verb. Those that are not named here are called the same. */
interface Counterpart {
  /** What docker compose calls the verb, when it is another word. */
  readonly verb?: string
  /** What it calls an option. */
  readonly renamed?: Readonly<Record<string, string>>
  /** Options that it has nothing for. */
  readonly without?: readonly string[]
  /** Flags for what galley does unasked. */
  readonly more?: (values: Values) => readonly string[]
  /** Options before the verb. */
  readonly before?: readonly string[]
  /** Operands that come before a command of another program. */
  readonly foreignAfter?: number
  /** The first operand may be a directory, and what stands behind it services. */
  readonly takesDirectory?: boolean
  /** Its `-o` names a file, as docker compose's. */
  readonly written?: boolean
  /** What docker compose does not do, as a remark. */
  readonly remark?: string
}

type Values = Readonly<Record<string, unknown>>

/** Options by which `up` stays with what it started. */
const attached = [
  'attach',
  'attach-only',
  'attach-dependencies',
  'watch',
  'abort-on-container-exit',
  'abort-on-container-failure',
  'exit-code-from',
]

const up: Counterpart = {
  takesDirectory: true,
  renamed: { timeout: 'wait-timeout', 'stop-timeout': 'timeout', 'attach-only': 'attach' },
  without: ['restarts', 'steady'],
  more: (values) =>
    attached.some((name) => values[name] !== undefined) ? [] : values['detach'] === true ? ['--detach'] : ['--detach', '--wait'],
}

const counterparts: Readonly<Record<string, Counterpart>> = {
  up,
  diff: { ...up, verb: 'up', before: ['--dry-run'], more: () => ['--detach'] },
  down: { takesDirectory: true, more: () => ['--remove-orphans'] },
  ps: { takesDirectory: true },
  logs: { takesDirectory: true },
  build: { takesDirectory: true },
  pull: { takesDirectory: true },
  push: { takesDirectory: true },
  exec: { foreignAfter: 1 },
  run: { foreignAfter: 1 },
  config: { written: true },
  why: {
    takesDirectory: true,
    verb: 'ps',
    more: () => ['--all'],
    remark: 'docker compose does not say why: docker compose logs, docker inspect and docker events have what there is to know',
  },
  lint: {
    takesDirectory: true,
    verb: 'config',
    without: ['strict'],
    more: () => ['--quiet'],
    remark: 'docker compose checks the form of the files alone; docker buildx build --check checks Dockerfiles',
  },
}

/** Options whose counterpart stands elsewhere, or that are about the looks alone. */
const elsewhere = new Set([
  'all-resources',
  'attach',
  'detach',
  'dry-run',
  'json',
  'output',
  'progress',
  'verbose',
  'wait',
  ...Object.keys(projectOptions),
])

/**
 * The docker commands that do what `galley VERB ARGS` would do, one a line, and remarks behind `#`. Nothing is done; files are read only
 * to see whether there is a Compose file. Throws what reading arguments and files throws.
 */
export async function dockerCommands(verb: string, args: readonly string[], syntax: Syntax): Promise<string[]> {
  const counterpart = counterparts[verb] ?? {}
  const { own, rest } =
    counterpart.foreignAfter === undefined ? { own: args, rest: [] } : splitAfterOperands(args, syntax, counterpart.foreignAfter)
  const { values, positionals } = parseOptions(own, syntax)
  const { directory, services } =
    counterpart.takesDirectory === true ? directoryAndServices(positionals) : { directory: undefined, services: positionals }
  const context = verb === 'build' ? contextOf(values as BuildValues, positionals) : undefined
  if (context !== undefined) return dockerBuild(values as BuildValues, context)
  if (verb === 'up') {
    const project = await readProject(values, directory)
    if (project.files.length === 0) return withoutCompose(project)
  }
  const lost = (counterpart.without ?? []).filter((name) => values[name] !== undefined)
  const remarks = [
    ...lost.map((name) => inWords(`# docker compose has nothing for --${name}`)),
    ...(counterpart.remark === undefined ? [] : [`# ${inWords(counterpart.remark)}`]),
  ]
  const projectFlags = flags(projectOptions, values, [])
  const place = directory === undefined || values['project-directory'] !== undefined ? [] : ['--project-directory', directory]
  const words = [
    'docker',
    'compose',
    ...place,
    ...projectFlags,
    ...(values['all-resources'] === true ? ['--all-resources'] : []),
    ...('progress' in syntax.options ? looks(values) : []),
    ...(counterpart.before ?? []),
    ...(values['dry-run'] === true ? ['--dry-run'] : []),
    counterpart.verb ?? verb,
    ...(counterpart.more?.(values) ?? []),
    ...(values['detach'] === true && counterpart.more === undefined ? ['--detach'] : []),
    ...format(verb, values),
    ...(counterpart.written === true ? flags({ output: outputOptions.output }, values, []) : []),
    ...flags(without(syntax.options, [...elsewhere, ...(counterpart.without ?? [])]), values, Object.entries(counterpart.renamed ?? {})),
    ...services,
    ...rest,
  ]
  return [shellWords(words), ...remarks]
}

function without(options: Options, names: readonly string[]): Options {
  return Object.fromEntries(Object.entries(options).filter(([name]) => !names.includes(name)))
}

/** How progress is told stands before docker compose's verb. */
function looks({ progress, verbose, json }: Values): string[] {
  if (typeof progress === 'string') return ['--progress', progress]
  return verbose === true ? ['--progress', 'plain'] : json === true ? ['--progress', 'json'] : []
}

const withFormat = new Set(['ps', 'ls', 'images', 'version'])

function format(verb: string, { output, json }: Values): string[] {
  if (output !== 'json' && json !== true) return []
  return verb === 'events' ? ['--json'] : withFormat.has(verb) ? ['--format', 'json'] : []
}

/** A Dockerfile alone is no project to docker compose. */
function withoutCompose({ directory, name, networks, services }: Project): string[] {
  const network = networks['default']?.name ?? `${name}_default`
  const runs = Object.values(services).map(({ name: service, image, ports }) => {
    const published = ports.flatMap(({ published: port, target, protocol }) => [
      '-p',
      `${port}:${target}${protocol === 'tcp' ? '' : `/${protocol}`}`,
    ])
    return shellWords([
      'docker',
      'run',
      '--detach',
      '--name',
      `${name}-${service}-1`,
      '--network',
      network,
      '--network-alias',
      service,
      ...published,
      image,
    ])
  })
  const builds = Object.values(services).map(({ image }) => shellWords(['docker', 'build', '--tag', image, directory]))
  return [...builds, shellWords(['docker', 'network', 'create', network]), ...runs]
}
