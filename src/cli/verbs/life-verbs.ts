import { sleep, systemClock } from '#base/clock.ts'
import { GalleyError } from '#base/error.ts'
import type { HooksByService } from '#compose/model/model.ts'
import { ask, askJson } from '../connect.ts'
import type { Options } from '../options.ts'
import type { Progress } from '../render/progress.ts'
import { containersOf, dependenciesOf, ended, isRunning, live, nameOf, oneOffsOf, serviceOf, type ContainerRow } from './containers.ts'
import { runHooks } from './hooks.ts'

const timeout = {
  timeout: { type: 'string', short: 't', value: 'SECONDS', does: 'how long it may take to stop, instead of its own time' },
} as const satisfies Options

export type Values = Readonly<Record<string, unknown>>

interface Context {
  /** The containers of the project that the verb is about. */
  readonly all: readonly ContainerRow[]
  readonly progress: Progress
  /** Of the files. */
  readonly hooks: HooksByService
  readonly printed: ((row: ContainerRow, line: string) => void) | undefined
}

/** A verb that is one request to the engine for each container. */
export interface LifeVerb {
  readonly does: string
  readonly options: Options
  readonly words: readonly [working: string, done: string]
  /** Whether what depends on others comes before them. */
  readonly reversed: boolean
  readonly states: readonly string[]
  /** Whether it is an error that there are no containers, rather than nothing to do. */
  readonly needsSome?: true
  /** Whether somebody is asked first. */
  readonly isFinal?: true
  /** Whether it starts or stops something, around which the hooks of services run. */
  readonly hasHooks: boolean
  /** What a plan calls it, where that is not its own name. */
  action?(row: ContainerRow): string
  /** The containers that it is about as well, beside those that are meant. */
  withOthers?(rows: readonly ContainerRow[], meant: Meant): Promise<readonly ContainerRow[]>
  act(row: ContainerRow, values: Values, context: Context): Promise<unknown>
}

/** Which containers somebody named. */
interface Meant {
  readonly project: string
  readonly services: readonly string[]
  /** Without those that depend on them. */
  readonly alone: boolean
}

const post = (row: ContainerRow, path: string): Promise<unknown> => ask(`/containers/${row.Id}/${path}`, { method: 'POST' })

/** Nothing is left to do for one that has ended. */
async function stop(row: ContainerRow, values: Values, context: Context): Promise<void> {
  if (!isRunning(row)) return
  await runHooks(row, { ...context, moment: 'pre_stop' })
  await post(row, `stop${query({ t: values['timeout'] })}`)
}

/** How each goes. */
export const lifeVerbs = {
  start: {
    does: "Starts a project's containers again, each after what it depends on.",
    options: {},
    words: ['Starting', 'Started'],
    reversed: false,
    states: ended,
    needsSome: true,
    hasHooks: true,
    // As docker compose does.
    withOthers: (rows, { project }) => withDependencies(rows, project),
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
    hasHooks: true,
    act: stop,
  },
  restart: {
    does: "Stops a project's containers and starts them again, and those of services that say so with what they depend on (depends_on.restart).",
    options: { ...timeout, 'no-deps': { type: 'boolean', does: 'only the services that are named' } },
    words: ['Restarting', 'Started'],
    reversed: false,
    states: [...live, ...ended],
    hasHooks: true,
    withOthers: async (rows, { project, alone }) => (alone ? rows : await withDependents(rows, project)),
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
    hasHooks: false,
    // What `run` made is killed with the others, as docker compose does.
    withOthers: async (rows, { project, services }) => [...rows, ...(await oneOffsOf(project, services))],
    act: (row, values) => post(row, `kill${query({ signal: values['signal'] ?? 'SIGKILL' })}`),
  },
  pause: {
    does: "Freezes a project's containers.",
    options: {},
    words: ['Pausing', 'Paused'],
    reversed: true,
    // The engine refuses what is paused already.
    states: ['running', 'paused'],
    hasHooks: false,
    act: (row) => post(row, 'pause'),
  },
  unpause: {
    does: "Lets a project's frozen containers go on.",
    options: {},
    words: ['Unpausing', 'Unpaused'],
    reversed: false,
    states: ['running', 'paused'],
    hasHooks: false,
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
    states: ended,
    isFinal: true,
    hasHooks: true,
    action: (row) => (isRunning(row) ? 'stop and remove' : 'remove'),
    async act(row, values, context) {
      await stop(row, values, context)
      await ask(`/containers/${row.Id}${query({ v: values['volumes'] === true ? 1 : 0 })}`, { method: 'DELETE' })
    },
  },
} as const satisfies Readonly<Record<string, LifeVerb>>

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
      await untilHealthy(other)
      progress.draw({ ...waiting, status: 'Healthy', state: 'done' })
    }
  }
}

async function untilHealthy(row: ContainerRow): Promise<void> {
  for (;;) {
    const { State } = await askJson<{ State: { Status: string; Health?: { Status: string } } }>(`/containers/${row.Id}/json`)
    if (State.Health === undefined || State.Health.Status === 'healthy') return
    if (State.Health.Status === 'unhealthy' || State.Status !== 'running')
      throw new GalleyError('conflict', `dependency failed to start: container ${serviceOf(row)} is ${State.Health.Status}`, {
        code: 'compose.dependency-failed',
        subject: serviceOf(row),
      })
    await sleep(systemClock, interval)
  }
}

/** `?name=value…` of what is given. */
function query(given: Readonly<Record<string, unknown>>): string {
  const pairs = Object.entries(given).filter(([, value]) => value !== undefined)
  return pairs.length === 0 ? '' : `?${new URLSearchParams(pairs.map(([name, value]): [string, string] => [name, String(value)]))}`
}
