import { closeSync, existsSync, ftruncateSync, unlinkSync, writeSync } from 'node:fs'
import { sleep, systemClock as clock } from '#base/clock.ts'
import { KeeperClient } from '#engine/containers/keeper-client.ts'
import { defaultProfile } from '#engine/containers/apparmor-profile.ts'
import { dismantle } from '#engine/networks/dismantle.ts'
import { unloadProfile } from '#host/apparmor/profiles.ts'
import { hasGroup, removeParent } from '#host/cgroup/parent.ts'
import { deleteTree } from '#host/files/discard.ts'
import { namesIn } from '#host/files/names.ts'
import { lockFile } from '#host/kernel/lock.ts'
import { unmount } from '#host/kernel/mount.ts'
import { mountsBelow } from '#host/kernel/mounts-below.ts'
import { keeperGroup, parentGroup, type Config } from './config.ts'
import { reachKeeper } from './keeper.ts'
import { endProcess, runningDaemon, runningKeeper } from './holder.ts'
import { stopContainers } from './stop-containers.ts'
import { bringBusyToDisk, isBusyDirectory } from './volatile.ts'
import { endWatcher } from './watcher.ts'

/** Milliseconds until a process that doesn't end by itself is killed. */
const patience = 10_000
/** Milliseconds within which a keeper that isn't stuck answers. */
const answering = 1000

/**
 * Ends everything of an instance and removes what it left in the kernel and in its run directory, whatever of it is dead, stuck or
 * missing; records and data stay. `say` is told one line for each thing that was done. Throws, when all else is done, what a missing
 * program left in place.
 */
export async function uninstall(config: Config, say: (line: string) => void): Promise<void> {
  const { run, instance } = config
  const told = (count: number, what: string): void => void (count > 0 && say(`${what}: ${count}`))
  if (await stopDaemon(run)) say('stopped the daemon')
  using _turn = await keepDaemonsOut(run)
  await haveReader(run)
  told(await stopContainers(config, clock), 'stopped containers')
  if (await endProcess(() => runningKeeper(run), { patience: answering, clock })) say('stopped the keeper')
  told(unmountAll(config), 'unmounted')
  const dismantled = await dismantle(instance).catch((error: unknown) => new Failed(error))
  if (!(dismantled instanceof Failed)) {
    told(dismantled.bridges.length, 'deleted bridges')
    told(dismantled.tables, 'deleted nftables tables')
    told(dismantled.firewallRules, 'deleted rules in other firewalls')
  }
  if (unloadProfile(defaultProfile) === false) say(`the AppArmor profile ${defaultProfile} stays: other containers run under it`)
  await removeGroups(keeperGroup(instance))
  if (await removeGroups(parentGroup(instance))) say('removed the control groups')
  await clearRunDirectory(run)
  if (dismantled instanceof Failed) throw dismantled.error
}

/** What went wrong with one step, for when the others are done. */
class Failed {
  readonly error: unknown

  constructor(error: unknown) {
    this.error = error
  }
}

/** Ends the daemon; containers keep running. Resolves with whether there was one. */
export async function stopDaemon(run: string): Promise<boolean> {
  // First: one that has to be killed, or that has just died, is not to be started again.
  endWatcher(run)
  await calmKeeper(run)
  return endProcess(() => runningDaemon(run), { patience, clock })
}

const nothing = { running() {}, oom() {}, exit() {}, lost() {} }

/** Lets a keeper write into the logs what containers still have to say, also where it died with the daemon. */
async function haveReader(run: string): Promise<void> {
  const isHeld = namesIn(`${run}/held`).length > 0
  if (!isHeld || runningKeeper(run) !== undefined) return
  using keeper = new KeeperClient(`${run}/keeper.sock`, clock)
  // Without it, only those words are lost.
  await reachKeeper(keeper, nothing, { run, clock }).catch(() => undefined)
}

/** Keeps the keeper from starting the daemon again. */
async function calmKeeper(run: string): Promise<void> {
  if (runningKeeper(run) === undefined) return
  using keeper = new KeeperClient(`${run}/keeper.sock`, clock)
  const calm = async (): Promise<void> => {
    await keeper.watch(nothing)
    await keeper.release()
  }
  // One that is stuck starts nobody either.
  await Promise.race([calm().catch(() => undefined), sleep(clock, answering)])
}

/** Holds the daemon's own lock, as one may be starting by somebody's wish, or the keeper's, at this moment. */
async function keepDaemonsOut(run: string): Promise<Disposable> {
  using held = new DisposableStack()
  if (!existsSync(run)) return held.move()
  const path = `${run}/daemon.pid`
  let fd = lockFile(path)
  while (fd === undefined) {
    await stopDaemon(run)
    fd = lockFile(path)
  }
  held.adopt(fd, closeSync)
  held.defer(() => unlinkSync(path))
  ftruncateSync(fd)
  writeSync(fd, String(process.pid), 0)
  return held.move()
}

/** What is mounted where the engine mounts; a disk that a person gave to one of these directories stays. Memory is given back last. */
function unmountAll({ data, run }: Config): number {
  const ours = [`${run}/`, ...['containers', 'build', 'volumes'].map((name) => `${data}/${name}/`)]
  const mounts = ours.flatMap(mountsBelow).filter((path) => !isBusyDirectory(run, path))
  for (const path of mounts) unmount(path)
  bringBusyToDisk(run)
  return mounts.length
}

/** Resolves with whether there were any. The kernel needs a moment to let go of a group whose last process was killed. */
async function removeGroups(path: string): Promise<boolean> {
  if (!hasGroup(path)) return false
  const end = clock.now() + answering
  while (hasGroup(path) && clock.now() < end) {
    removeParent(path)
    if (hasGroup(path)) await sleep(clock, 20)
  }
  return true
}

/** How ended processes ended is kept for the next daemon, and logs are for people; all else went with what it was for. */
async function clearRunDirectory(run: string): Promise<void> {
  const kept = new Set(['containers', 'held', 'instance.json', 'daemon.pid', 'daemon.log', 'keeper.log'])
  for (const name of namesIn(run).filter((one) => !kept.has(one))) await deleteTree(`${run}/${name}`)
}
