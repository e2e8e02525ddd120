import { constants } from 'node:os'
import { withDeadline } from '#base/abort.ts'
import { systemClock } from '#base/clock.ts'
import { GalleyError, kindOf } from '#base/error.ts'
import { thaw } from '#host/cgroup/freezer.ts'
import { groupProcesses } from '#host/cgroup/processes.ts'
import { groupOf } from './cgroup.ts'
import { eventAttributes } from './create.ts'
import type { Engine } from './engine.ts'
import type { Container } from './model.ts'
import { saveState } from './save-state.ts'
import { signalNumber } from './signal.ts'
import { hasProcesses, isRunning } from './status.ts'

export interface StopWishes {
  /** Seconds. */
  readonly timeout?: number | undefined
  readonly signal?: string | undefined
}

/** `docker stop`: the stop signal, then SIGKILL after `timeout` seconds (negative: never). Throws `unchanged` when it doesn't run. */
export async function stop(engine: Engine, reference: string, wishes: StopWishes = {}): Promise<void> {
  const container = engine.containers.get(reference)
  if (!isRunning(container)) throw new GalleyError('unchanged', `container ${container.id} is not running`)
  await halt(engine, container, wishes)
}

/** As `stop`, of one that runs. */
export async function halt(engine: Engine, container: Container, wishes: StopWishes): Promise<void> {
  const number = signalNumber(wishes.signal ?? container.config.StopSignal ?? 'SIGTERM')
  container.state.stoppedByHand = true
  engine.restarts.forget(container.id)
  if (container.state.status === 'restarting') await giveUpRestart(engine, container)
  if (isRunning(container)) await end(engine, container, { number, timeout: wishes.timeout ?? container.config.StopTimeout ?? 10 })
  engine.events.emit('container', 'stop', container.id, eventAttributes(container))
}

/** The policy's start may be under way: it runs then when this resolves, to be stopped like any other. */
export async function giveUpRestart(engine: Engine, container: Container): Promise<void> {
  const { state } = container
  state.status = 'exited'
  await engine.containers.inTurn(container.id, async () => {
    if (isRunning(container)) return
    await saveState(engine, container)
    engine.containers.exited(container)
  })
}

/** Resolves when the container has ended, by the signal or by SIGKILL `timeout` seconds later. Throws `unavailable` when that doesn't end it. */
async function end(
  engine: Engine,
  container: Container,
  { number, timeout }: { readonly number: number; readonly timeout: number },
): Promise<void> {
  // From here on: it may end by itself while its state is written down.
  const gone = engine.containers.wait(container, 'next-exit')
  // Before the signal: a daemon that dies now must not take the exit for one that the restart policy mends.
  await saveState(engine, container)
  signal(engine, container, number)
  using timers = new DisposableStack()
  const stuck = Promise.withResolvers<never>()
  const kill = (): void => {
    container.state.forced = { by: 'stop', after: timeout }
    signal(engine, container, constants.signals.SIGKILL)
    const giveUp = (): void =>
      stuck.reject(
        new GalleyError(
          'unavailable',
          `cannot stop container ${container.id}: tried to kill container, but did not receive an exit event`,
          undying,
        ),
      )
    timers.use(systemClock.after(dyingTime, giveUp))
  }
  if (timeout >= 0) timers.use(systemClock.after(timeout * 1000, kill))
  await Promise.race([gone, stuck.promise])
  // The exit's own bookkeeping takes the container's next turn; wait for it, so that what follows finds all of it done.
  await engine.containers.inTurn(container.id, async () => undefined)
}

/** Milliseconds after which a killed process is left to its system call (moby, daemon/kill.go). */
const dyingTime = 10_000

/**
 * `docker kill`; SIGKILL has done its work when it resolves. A signal that is meant to end the container counts as stopping it by
 * hand, also between two starts of its restart policy. Throws `conflict` when it doesn't run.
 */
export async function kill(engine: Engine, reference: string, wished: string): Promise<void> {
  const container = engine.containers.get(reference)
  const number = signalNumber(wished)
  const { SIGKILL } = constants.signals
  const isFinal = number === SIGKILL || number === signalNumber(container.config.StopSignal ?? 'SIGTERM')
  if (container.state.status === 'restarting') return isFinal ? killWaiting(engine, container) : undefined
  if (!hasProcesses(container))
    throw new GalleyError('conflict', `cannot kill container: ${reference}: container ${container.id} is not running`)
  const gone = number === SIGKILL ? engine.containers.wait(container, 'next-exit') : undefined
  if (isFinal) {
    container.state.stoppedByHand = true
    if (number === SIGKILL) container.state.forced = { by: 'kill' }
    await saveState(engine, container)
  }
  signal(engine, container, number)
  if (gone !== undefined) await booked(engine, container, gone)
}

/** There is no process between two starts of the restart policy, which then rests (moby, daemon/kill.go); one that has just come is killed. */
async function killWaiting(engine: Engine, container: Container): Promise<void> {
  container.state.stoppedByHand = true
  engine.restarts.forget(container.id)
  await giveUpRestart(engine, container)
  if (isRunning(container)) await end(engine, container, { number: constants.signals.SIGKILL, timeout: 0 })
}

/** What a client asks next finds the exit written down, unless the process hangs in the kernel. */
async function booked(engine: Engine, container: Container, gone: Promise<unknown>): Promise<void> {
  try {
    await withDeadline(engine.clock, dyingTime, () => gone)
  } catch (error) {
    if (kindOf(error) !== 'timeout') throw error
    engine.log.warn('a killed container has not ended yet', { container: container.id })
    return
  }
  await engine.containers.inTurn(container.id, async () => undefined)
}

/** Of what is told, as by Docker, to who waits for the end of a process that hangs in the kernel: it dies of nothing until that lets it go. */
export const undying = {
  code: 'container.undying',
  advice: 'A process of it hangs in the kernel, mostly at a disk or server that does not answer; it dies when that is over.',
} as const

/** As Docker tells it, whoever sends the signal and why. */
function signal(engine: Engine, container: Container, number: number): void {
  send(engine, container, number)
  engine.events.emit('container', 'kill', container.id, { ...eventAttributes(container), signal: String(number) })
  if (container.state.stoppedByHand || number === constants.signals.SIGKILL) letDie(engine, container)
}

function send(engine: Engine, container: Container, signal: number): void {
  const { pid } = container.state
  if (pid <= 0) return
  try {
    process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH')
      engine.log.warn('signal failed', { container: container.id, signal, error: String(error) })
  }
  if (signal === constants.signals.SIGKILL && !hasOwnProcesses(container)) killRest(engine, container)
}

/** Only with process numbers of its own does a container's first process take all others along. */
function hasOwnProcesses({ hostConfig: { PidMode } }: Container): boolean {
  return PidMode === '' || PidMode === 'private'
}

/** The runtime waits for what the first process left behind. */
function killRest(engine: Engine, container: Container): void {
  for (const pid of groupProcesses(groupOf(engine, container))) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    }
  }
}

/** A stopped process dies of no signal: what is meant to end a container that is paused, or stands still for a commit, lets it run first, as in Docker. */
function letDie(engine: Engine, container: Container): void {
  thaw(groupOf(engine, container))
  if (container.state.status !== 'paused') return
  container.state.status = 'running'
  void saveState(engine, container)
  engine.events.emit('container', 'unpause', container.id, eventAttributes(container))
}
