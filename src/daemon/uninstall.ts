import { systemClock } from '#base/clock.ts'
import { jsonLog } from '#base/log.ts'
import { removeParent } from '#host/cgroup/parent.ts'
import { KeeperClient } from '#engine/containers/keeper-client.ts'
import { Networks } from '#engine/networks/networks.ts'
import { openSqliteStore } from '#store/sqlite/open.ts'
import { parentGroup, parseConfig } from './config.ts'

const nothing = {
  running: (): void => undefined,
  oom: (): void => undefined,
  exit: (): void => undefined,
  lost: (): void => undefined,
}

/** Keeps the keeper from starting the daemon again. */
export async function calmKeeper(run: string): Promise<void> {
  try {
    using keeper = new KeeperClient(`${run}/keeper.sock`)
    await keeper.watch(nothing)
    await keeper.release()
  } catch {
    // No keeper runs.
  }
}

/** Removes what an instance that has stopped left in the kernel: its keeper, bridges, rules and control groups. Records and data stay. */
export async function removeTraces(args: readonly string[]): Promise<void> {
  const { run, data, instance, pool } = parseConfig(args)
  try {
    using keeper = new KeeperClient(`${run}/keeper.sock`)
    await keeper.watch(nothing)
    await keeper.stop()
  } catch {
    // No keeper runs.
  }
  await using store = openSqliteStore(`${data}/local.sqlite`)
  const networks = new Networks({
    store,
    runDirectory: run,
    instance,
    pool,
    clock: systemClock,
    log: jsonLog((line) => process.stderr.write(line), systemClock.now),
  })
  await networks.start()
  await networks.dismantle()
  removeParent(parentGroup(instance))
}
