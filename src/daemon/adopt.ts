import { GalleyError, messageOf } from '#base/error.ts'
import type { Engine } from '#engine/containers/engine.ts'
import { outOfMemory } from '#engine/containers/out-of-memory.ts'
import { execEnded } from '#engine/containers/execs.ts'
import { bookExit, exited, scheduleRestart, type Exit } from '#engine/containers/exited.ts'
import type { KeeperEvents } from '#engine/containers/keeper-client.ts'
import type { Container } from '#engine/containers/model.ts'
import { resolvingOf } from '#engine/containers/networking.ts'
import { removeAfterRun } from '#engine/containers/remove.ts'
import { wantsStartWithDaemon } from '#engine/containers/restarts.ts'
import { hasProcesses, isRunning } from '#engine/containers/status.ts'
import { holdVolumes } from '#engine/containers/volume-mounts.ts'
import { sendSignal } from '#host/process/signal.ts'
import type { DaemonSpec } from '#keeper/protocol.ts'
import { Reconciler } from '#reconcile/queue.ts'
import { collectOrphans } from './collect-orphans.ts'
import { reachKeeper } from './keeper.ts'
import type { KeptListeners } from './kept-listeners.ts'

export interface Adoption {
  /** What the keeper is to start again should this daemon die. */
  readonly daemon: DaemonSpec
  /** What it is to hold beside this daemon. */
  readonly listeners: KeptListeners
  /** Told of a keeper that was lost. */
  readonly keepers: Reconciler
}

/** What nobody can have seen the exit code of, as Docker reports it. */
const lostCode = 255

/**
 * Compares what the records say with what the keeper holds: exits that happened meanwhile are booked with their codes and
 * times, what went with a reboot is booked as lost, and what they left is cleared away. Resolves with the containers that are to be started again.
 */
export async function adopt(engine: Engine, adoption: Adoption): Promise<Container[]> {
  const found = await meetKeeper(engine, adoption)
  const wanted: Container[] = []
  // First: what one that has ended leaves may be in use by another.
  for (const container of engine.containers.list())
    if (found.running.has(container.id) && hasProcesses(container)) restore(engine, container)
  for (const container of engine.containers.list()) {
    await settle(engine, container, found)
    if (engine.containers.find(container.id) === undefined) continue
    if (wantsStartWithDaemon(container)) {
      container.state.status = 'restarting'
      wanted.push(container)
    }
    // Whoever made it for one run went with the daemon before it was started, or while it was removed (moby, restore).
    else if (container.hostConfig.AutoRemove && !isRunning(container)) await removeAfterRun(engine, container)
  }
  await engine.networks.resume()
  collectOrphans(engine)
  found.adopted()
  return wanted
}

/** What a container that runs has of the networks and volumes. */
function restore(engine: Engine, container: Container): void {
  const { id, addresses: endpoints, ports } = container
  engine.networks.restore(id, { endpoints, ports, ...resolvingOf(container) })
  holdVolumes(engine, container)
}

const theKeeper = 'keeper'

/** Replaces a keeper that was lost, and tries again where none can be started, as on a machine that is out of memory. */
export function replaceKeepers(engine: Engine, told: Omit<Adoption, 'keepers'>): Reconciler {
  const keepers: Reconciler = new Reconciler({
    clock: engine.clock,
    reconcile: () => readopt(engine, { ...told, keepers }),
    concurrency: 1,
    backoff: { first: 1000, most: 5000 },
    onError: (_, error) => engine.log.error('the keeper cannot be replaced yet', { error: messageOf(error) }),
  })
  return keepers
}

/** The keeper died and another takes over: containers have lived on. */
async function readopt(engine: Engine, adoption: Adoption): Promise<void> {
  engine.log.warn('the keeper was lost; starting another')
  const found = await meetKeeper(engine, adoption)
  await engine.networks.resume()
  for (const container of engine.containers.list()) {
    // Booked already: a start that waits for this keeper may have the container's turn.
    if (found.ended.has(container.id) && !hasProcesses(container)) await engine.keeper.forget(container.id)
    else if (await settle(engine, container, found)) scheduleRestart(engine, container)
  }
  for (const { id, pid } of engine.execs.running()) {
    // One without a process waits for this keeper to start it.
    if (pid !== 0 && !found.running.has(id) && !found.ended.has(id)) execEnded(engine, id, lostCode)
  }
  engine.keeper.settled()
  found.adopted()
}

interface Found {
  /** Process ids by container or exec session. */
  readonly running: ReadonlyMap<string, number>
  readonly ended: ReadonlyMap<string, Exit>
  /** All of it is settled: what has ended since is booked, too. Before, one that is started again would be taken for what was found. */
  readonly adopted: () => void
}

/** Connects to the keeper, asks it to guard this daemon, and resolves with what it holds; later exits are booked as they come, once that is settled. */
async function meetKeeper(engine: Engine, { daemon, listeners, keepers }: Adoption): Promise<Found> {
  const running = new Map<string, number>()
  const ended = new Map<string, Exit>()
  const { promise: settled, resolve: adopted } = Promise.withResolvers<void>()
  let met = false
  const events: KeeperEvents = {
    running(id, pid) {
      if (!met) running.set(id, pid)
      // Its runtime was slow, and whoever asked for it has been told that it failed.
      else if (!engine.keeper.hasAsked(id)) sendSignal(pid, 'SIGKILL')
    },
    oom: (id, peak) => void outOfMemory(engine, id, { peak, live: met }),
    exit(id, code, at) {
      if (met) void settled.then(() => bookLater(engine, id, { code, at }))
      else ended.set(id, { code, at })
    },
    lost() {
      engine.execs.dropSpares()
      keepers.touch(theKeeper)
    },
  }
  await reachKeeper(engine.keeper, events, engine)
  met = true
  await engine.keeper.guard(daemon)
  await listeners.tellAll()
  for (const [id, exit] of ended) {
    running.delete(id)
    if (engine.containers.find(id) === undefined) bookLater(engine, id, exit)
  }
  return { running, ended, adopted }
}

/** Makes one record true; resolves with whether its policy wants the container back. */
async function settle(engine: Engine, container: Container, { running, ended }: Found): Promise<boolean> {
  const { state, id } = container
  const isUp = hasProcesses(container)
  const exit = ended.get(id)
  if (exit !== undefined) return bookExit(engine, container, exit)
  const pid = running.get(id)
  if (pid !== undefined && isUp) state.pid = pid
  // Its start was never told as done, and its addresses are not known: whoever asked for it asks again.
  else if (pid !== undefined) sendSignal(pid, 'SIGKILL')
  else if (isUp) return bookExit(engine, container, { code: lostCode, at: engine.clock.now() })
  return false
}

/** An exit of a container or of an exec session. */
function bookLater(engine: Engine, id: string, exit: Exit): void {
  if (execEnded(engine, id, exit.code)) return
  exited(engine, id, exit).catch((error: unknown) => {
    if (!(error instanceof GalleyError && error.kind === 'not found'))
      engine.log.error('an exit could not be booked', { container: id, error: messageOf(error) })
  })
}
