import { sleep, systemClock } from '#base/clock.ts'
import { GalleyError, idOf, messageOf } from '#base/error.ts'
import type { HooksByService } from '#compose/model/model.ts'
import type { Command, Syntax } from '../command.ts'
import { confirmed } from '../confirm.ts'
import { ask, askJson } from '../connect.ts'
import { dryRunOptions, isRehearsal, planned, tellRehearsal } from '../dry-run.ts'
import { parseOptions, projectOptions, withoutLetters, type Options } from '../options.ts'
import { onInterrupt, progressFor, progressOptions } from '../progress.ts'
import type { Progress } from '../render/progress.ts'
import { parallelLimit } from '../parallel-limit.ts'
import { declaredServices, requiredName } from '../project.ts'
import { say } from '../say.ts'
import { hooksInFiles, runHooks } from './hooks.ts'
import {
  containersIfAny,
  containersOf,
  containersOfServices,
  dependenciesOf,
  nameOf,
  oneOffsOf,
  serviceOf,
  type ContainerRow,
} from './containers.ts'
import { inOrder, sequence } from './in-order.ts'

const timeout = {
  timeout: { type: 'string', short: 't', value: 'SECONDS', does: 'how long it may take to stop, instead of its own time' },
} as const satisfies Options

type Values = Readonly<Record<string, unknown>>

interface Context {
  /** The containers of the project that the verb is about. */
  readonly all: readonly ContainerRow[]
  readonly progress: Progress
  /** Of the files. */
  readonly hooks: HooksByService
  readonly printed: ((row: ContainerRow, line: string) => void) | undefined
}

/** A verb that is one request to the engine for each container. */
interface LifeVerb {
  readonly does: string
  readonly options: Options
  readonly words: readonly [working: string, done: string]
  /** Whether what depends on others comes before them. */
  readonly reversed: boolean
  readonly states: readonly string[]
  act(row: ContainerRow, values: Values, context: Context): Promise<unknown>
}

const post = (row: ContainerRow, path: string): Promise<unknown> => ask(`/containers/${row.Id}/${path}`, { method: 'POST' })

/** Nothing is left to do for one that has ended. */
async function stop(row: ContainerRow, values: Values, context: Context): Promise<void> {
  if (!live.includes(row.State)) return
  await runHooks(row, { ...context, moment: 'pre_stop' })
  await post(row, `stop${query({ t: values['timeout'] })}`)
}

const live = ['running', 'restarting', 'paused']

const verbs = {
  start: {
    does: "Starts a project's containers again, each after what it depends on.",
    options: {},
    words: ['Starting', 'Started'],
    reversed: false,
    states: ['created', 'exited', 'dead'],
    async act(row, _values, context) {
      await awaitHealth(row, context)
      await post(row, 'start')
      await runHooks(row, { ...context, moment: 'post_start' })
    },
  },
  stop: {
    does: "Stops a project's containers without removing them.",
    options: timeout,
    words: ['Stopping', 'Stopped'],
    reversed: true,
    // Those that have ended are told of as well, as docker compose does.
    states: [...live, 'exited'],
    act: stop,
  },
  restart: {
    does: "Stops a project's containers and starts them again, and those of services that say so with what they depend on (depends_on.restart).",
    options: { ...timeout, 'no-deps': { type: 'boolean', does: 'only the services that are named' } },
    words: ['Restarting', 'Started'],
    reversed: false,
    states: [...live, 'created', 'exited', 'dead'],
    async act(row, values, context) {
      await awaitHealth(row, context, ({ restart }) => restart)
      await runHooks(row, { ...context, moment: 'pre_stop' })
      await post(row, `restart${query({ t: values['timeout'] })}`)
      await runHooks(row, { ...context, moment: 'post_start' })
    },
  },
  kill: {
    does: "Sends a project's containers a signal: SIGKILL, if no other.",
    options: {
      signal: { type: 'string', short: 's', value: 'SIGNAL', does: 'the signal' },
      'remove-orphans': { type: 'boolean', does: 'also those of services that the file no longer has' },
    },
    words: ['Killing', 'Killed'],
    reversed: true,
    states: live,
    act: (row, values) => post(row, `kill${query({ signal: values['signal'] ?? 'SIGKILL' })}`),
  },
  pause: {
    does: "Freezes a project's containers.",
    options: {},
    words: ['Pausing', 'Paused'],
    reversed: true,
    // The engine refuses what is paused already.
    states: ['running', 'paused'],
    act: (row) => post(row, 'pause'),
  },
  unpause: {
    does: "Lets a project's frozen containers go on.",
    options: {},
    words: ['Unpausing', 'Unpaused'],
    reversed: false,
    states: ['running', 'paused'],
    act: (row) => post(row, 'unpause'),
  },
  rm: {
    does: "Removes a project's containers that do not run. Networks and volumes stay.",
    options: {
      ...timeout,
      stop: { type: 'boolean', short: 's', does: 'stop those that run first' },
      volumes: { type: 'boolean', short: 'v', does: 'remove their anonymous volumes too' },
      force: { type: 'boolean', short: 'f', does: 'do not ask' },
    },
    words: ['Removing', 'Removed'],
    reversed: true,
    states: ['created', 'exited', 'dead'],
    async act(row, values, context) {
      await stop(row, values, context)
      await ask(`/containers/${row.Id}${query({ v: values['volumes'] === true ? 1 : 0 })}`, { method: 'DELETE' })
    },
  },
} as const satisfies Readonly<Record<string, LifeVerb>>

/** The command of a verb of the table. What hooks print is told among the steps, or `printed` is told of it. */
export function lifeCommand(name: keyof typeof verbs, printed?: (row: ContainerRow, line: string) => void): Command {
  const verb: LifeVerb = verbs[name]
  const syntax: Syntax = {
    usage: `${name} [SERVICE…]`,
    does: verb.does,
    operands: Infinity,
    options: {
      ...withoutLetters(projectOptions, 'force' in verb.options ? 'f' : ''),
      ...verb.options,
      ...dryRunOptions,
      ...progressOptions,
    },
  }
  return {
    syntax,
    async run(args) {
      const { values, positionals } = parseOptions(args, syntax)
      const project = await requiredName(values)
      const named = await (name === 'start' ? containersOfServices(project, positionals) : containersIfAny(project, positionals, values))
      const all = await withOthers(name, named, { project, services: positionals, alone: values['no-deps'] === true })
      const wanted = 'stop' in values && values['stop'] === true ? [...verb.states, ...live] : verb.states
      const isOfAll = positionals.length > 0 || values['remove-orphans'] === true
      const declared = isOfAll ? undefined : await declaredIfKnown(values)
      const rows = all.filter((row) => wanted.includes(row.State) && (declared?.includes(serviceOf(row)) ?? true))
      if (isRehearsal(values)) {
        const order = sequence(rows, verb.reversed)
        await tellRehearsal(
          order.map((row) => planned(`Container ${nameOf(row)}`, actionOf(name, row))),
          values,
        )
        return 0
      }
      if (name === 'rm') await confirm(rows, values)
      const hooks = ['kill', 'pause', 'unpause'].includes(name) ? {} : await hooksInFiles(rows, values)
      using progress = progressFor(process.stderr, values)
      using _interrupt = onInterrupt(progress, 'what is done stays.')
      return (await inOrder(rows, { ...verb, progress, atOnce: parallelLimit() }, (row) =>
        verb.act(row, values, { all, progress, hooks, printed }),
      ))
        ? 0
        : 1
    },
  }
}

/** What is done to it, as a plan says it. */
function actionOf(name: keyof typeof verbs, { State }: ContainerRow): string {
  if (name === 'rm') return live.includes(State) ? 'stop and remove' : 'remove'
  return name
}

/** Containers of services that the file does not have are left alone. What is wrong with it keeps nothing from being ended; then there are none. */
async function declaredIfKnown(values: Values): Promise<readonly string[] | undefined> {
  try {
    return await declaredServices(values)
  } catch (error) {
    if (idOf(error) !== 'compose.no-file')
      say(`warning: containers of services that the Compose file does not have count, too: ${messageOf(error)}`, process.stderr)
    return undefined
  }
}

/** As docker compose does, a start is one of what is depended on, too, and what `run` made is killed with the others. */
async function withOthers(
  verb: string,
  rows: readonly ContainerRow[],
  { project, services, alone }: { readonly project: string; readonly services: readonly string[]; readonly alone: boolean },
): Promise<readonly ContainerRow[]> {
  if (verb === 'kill') return [...rows, ...(await oneOffsOf(project, services))]
  if (verb === 'start') return await withDependencies(rows, project)
  return verb === 'restart' && !alone ? await withDependents(rows, project) : rows
}

/** Also the containers of what they depend on, directly or not. */
async function withDependencies(rows: readonly ContainerRow[], project: string): Promise<ContainerRow[]> {
  const every = await containersOf(project, true)
  const going = new Set(rows.map(serviceOf))
  for (const name of going)
    for (const row of every) if (serviceOf(row) === name) for (const { service } of dependenciesOf(row)) going.add(service)
  return every.filter((row) => going.has(serviceOf(row)))
}

/** Also the containers of services that restart with those that they depend on, and so on. */
async function withDependents(rows: readonly ContainerRow[], project: string): Promise<ContainerRow[]> {
  const every = await containersOf(project, true)
  const going = new Set(rows.map(serviceOf))
  for (const _one of every)
    for (const row of every)
      if (dependenciesOf(row).some(({ service, restart }) => restart && going.has(service))) going.add(serviceOf(row))
  return every.filter((row) => going.has(serviceOf(row)))
}

/** Nobody is asked where nobody can answer. */
async function confirm(rows: readonly ContainerRow[], values: Values): Promise<void> {
  if (values['force'] === true || rows.length === 0) return
  const question = `Going to remove ${rows.map(serviceOf).join(', ')}\nAre you sure? [yN] `
  if (await confirmed(question, { what: `${rows.length} containers are to be removed`, by: '--force' })) return
  throw new GalleyError('invalid', 'nothing was removed')
}

/** Milliseconds between two looks at a dependency that is about to become healthy. */
const interval = 200

/** A dependency that is meant to be healthy first is waited for; the engine's own limits end that. */
async function awaitHealth(
  row: ContainerRow,
  { all, progress }: Context,
  counts: (dependency: ReturnType<typeof dependenciesOf>[number]) => boolean = () => true,
): Promise<void> {
  for (const dependency of dependenciesOf(row)) {
    const { service, condition } = dependency
    if (condition !== 'service_healthy' || !counts(dependency)) continue
    for (const other of all.filter((one) => serviceOf(one) === service)) {
      const waiting = { type: 'step', id: `${row.Id} waits for ${other.Id}`, subject: `Container ${nameOf(other)}` } as const
      progress.draw({ ...waiting, status: 'Waiting', state: 'working' })
      for (;;) {
        const { State } = await askJson<{ State: { Status: string; Health?: { Status: string } } }>(`/containers/${other.Id}/json`)
        if (State.Health === undefined || State.Health.Status === 'healthy') break
        if (State.Health.Status === 'unhealthy' || State.Status !== 'running')
          throw new GalleyError('conflict', `dependency failed to start: container ${service} is ${State.Health.Status}`, {
            code: 'compose.dependency-failed',
            subject: service,
          })
        await sleep(systemClock, interval)
      }
      progress.draw({ ...waiting, status: 'Healthy', state: 'done' })
    }
  }
}

/** `?name=value…` of what is given. */
function query(given: Readonly<Record<string, unknown>>): string {
  const pairs = Object.entries(given).filter(([, value]) => value !== undefined)
  return pairs.length === 0 ? '' : `?${new URLSearchParams(pairs.map(([name, value]): [string, string] => [name, String(value)]))}`
}
