import { existsSync, readFileSync } from 'node:fs'
import { sleep, type Clock } from '#base/clock.ts'
import type { Container } from '#engine/containers/model.ts'
import { signalNumber } from '#engine/containers/signal.ts'
import { thaw } from '#host/cgroup/freezer.ts'
import { groupProcesses } from '#host/cgroup/processes.ts'
import { namesIn } from '#host/files/names.ts'
import { sendSignal } from '#host/process/signal.ts'
import { isPrepared } from '#keeper/document.ts'
import type { ProcessSpec } from '#keeper/protocol.ts'
import { endRuntime, endShell, readNumber, shellOf } from '#keeper/shell.ts'
import { openSqliteStore } from '#store/sqlite/open.ts'
import type { Config } from './config.ts'

interface Wish {
  readonly signal: number
  /** Seconds; negative: never SIGKILL of itself. */
  readonly timeout: number
}

/** As of a container that says nothing about it, and of one whose record is lost. */
const usual: Wish = { signal: signalNumber('SIGTERM'), timeout: 10 }
/** Milliseconds for which the keeper may read what ended processes have written. */
const reading = 3000
const pause = 20

/**
 * Stops an instance's containers without its daemon, which has ended: all at once, each with its stop signal, then SIGKILL; and
 * ends the shells around them. How they ended stays written beside them for the next daemon. Resolves with how many ran.
 */
export async function stopContainers({ data, run }: Config, clock: Clock): Promise<number> {
  const held = heldIn(run)
  for (const { directory } of held) if (isPrepared(directory)) endRuntime(directory)
  const wishes = await wishesOf(data)
  const containers = held.filter(({ group }) => group !== undefined && groupProcesses(group.path).length > 0)
  await Promise.all(containers.map((one) => stop(one, wishes.get(one.id) ?? usual, clock)))
  await gone(() => held.some(({ directory }) => shellOf(directory) !== undefined), { patience: reading, clock })
  for (const { directory } of held) endShell(directory)
  return containers.length
}

/** The keeper's own notes: of processes that run, and of those whose end the daemon hasn't written down. */
function heldIn(run: string): ProcessSpec[] {
  const registry = `${run}/held`
  return namesIn(registry).flatMap((name) => noteIn(`${registry}/${name}`) ?? [])
}

/** Undefined where the keeper died while it wrote it, which is before it starts anything. */
function noteIn(path: string): ProcessSpec | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as ProcessSpec
  } catch {
    return undefined
  }
}

async function wishesOf(data: string): Promise<ReadonlyMap<string, Wish>> {
  if (!existsSync(`${data}/local.sqlite`)) return new Map()
  await using store = openSqliteStore(`${data}/local.sqlite`)
  const { entries } = await store.list('/containers/')
  return new Map(
    entries.map(({ value }) => {
      const { id, config } = JSON.parse(value) as Container
      const signal = config.StopSignal === undefined ? usual.signal : signalNumber(config.StopSignal)
      return [id, { signal, timeout: config.StopTimeout ?? usual.timeout }]
    }),
  )
}

async function stop({ directory, group }: ProcessSpec, { signal, timeout }: Wish, clock: Clock): Promise<void> {
  const path = group?.path ?? ''
  const alive = (): readonly number[] => groupProcesses(path)
  const init = readNumber(`${directory}/pid`)
  // A number that was given anew is not taken for the container's.
  if (init !== undefined && alive().includes(init)) sendSignal(init, signal)
  thawIfFrozen(path)
  await gone(() => init !== undefined && alive().includes(init), { patience: timeout < 0 ? Infinity : timeout * 1000, clock })
  while (alive().length > 0) {
    for (const pid of alive()) sendSignal(pid, 'SIGKILL')
    await sleep(clock, pause)
  }
}

function thawIfFrozen(path: string): void {
  try {
    thaw(path)
  } catch {
    // It has just gone.
  }
}

async function gone(isThere: () => boolean, { patience, clock }: { readonly patience: number; readonly clock: Clock }): Promise<void> {
  const end = clock.now() + patience
  while (isThere() && clock.now() < end) await sleep(clock, pause)
}
