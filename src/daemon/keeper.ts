import { spawn } from 'node:child_process'
import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { sleep, type Clock } from '#base/clock.ts'
import { GalleyError } from '#base/error.ts'
import type { Log } from '#base/log.ts'
import type { KeeperClient, KeeperEvents } from '#engine/containers/keeper-client.ts'
import { joinGroup } from '#host/cgroup/join.ts'
import { lockFile } from '#host/kernel/lock.ts'
import { protocolVersion } from '#keeper/protocol.ts'
import { instanceOf, keeperGroup } from './config.ts'
import { endProcess, runningKeeper } from './holder.ts'

/** Milliseconds within which a keeper has started, on the slowest of machines. */
const patience = 30_000
/** Milliseconds between the first attempts to reach it; later they come after this part of the time that it took so far. */
const pause = 4
const part = 0.05

/** The descriptor by which a keeper is handed its lock. */
const lockAt = 3

/** Milliseconds until a keeper that is to go and doesn't is killed. */
const goes = 1000

interface Place {
  readonly run: string
  readonly clock: Clock
  readonly log?: Log | undefined
}

/**
 * Connects to the instance's keeper, starting one when none answers. One of another version of the protocol, such as from before an
 * upgrade, is let go, and the next takes over.
 */
export async function reachKeeper(client: KeeperClient, events: KeeperEvents, { run, clock, log }: Place): Promise<void> {
  let hasReplaced = false
  const begun = clock.now()
  for (let passed = 0; passed < patience; passed = clock.now() - begun) {
    try {
      const version = await client.version()
      const isOther = version !== protocolVersion
      if (isOther && !hasReplaced) {
        log?.info('replacing a keeper of another version', { version, own: protocolVersion })
        hasReplaced = true
        // It ends at once, and starts no daemon any more; one that it started just before finds the data directory claimed.
        await endProcess(() => runningKeeper(run), { patience: goes, clock })
        continue
      }
      // The program was upgraded under a daemon that goes on: any other keeper would be the same.
      if (isOther) log?.warn('the keeper is of another version; start the daemon anew', { version, own: protocolVersion })
      await client.watch(events)
      return
    } catch {
      // There is none, it is not listening yet, or it is dying.
      startKeeper(run)
    }
    await sleep(clock, Math.max(pause, passed * part))
  }
  throw new GalleyError('unavailable', 'the keeper does not start', { advice: `Read ${run}/keeper.log.` })
}

/**
 * Starts a keeper, unless one lives. It is handed the lock of its run directory, and so has it before it has loaded: nobody starts a
 * second one meanwhile.
 */
export function startKeeper(run: string): void {
  const lock = lockFile(`${run}/keeper.pid`)
  if (lock === undefined) return
  // Whatever fails here: a lock that this process went on holding would keep every other keeper from starting.
  using held = new DisposableStack()
  held.adopt(lock, closeSync)
  const log = held.adopt(openSync(`${run}/keeper.log`, 'a', 0o600), closeSync)
  const program = fileURLToPath(new URL(import.meta.resolve('#keeper/main.ts')))
  const flags = ['--disable-warning=ExperimentalWarning', '--max-semi-space-size=1', '--v8-pool-size=1']
  const child = spawn(process.execPath, [...flags, program, run, String(lockAt)], {
    detached: true,
    stdio: ['ignore', log, log, lock],
    cwd: '/',
  })
  // A machine without room for a process: whoever waits for the keeper finds that it does not come, and tries again.
  child.on('error', () => undefined)
  child.unref()
  if (child.pid !== undefined) joinGroup(keeperGroup(instanceOf(run)), child.pid)
  ftruncateSync(lock)
  writeSync(lock, String(child.pid ?? ''), 0)
}
