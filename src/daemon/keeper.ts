import { spawn } from 'node:child_process'
import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { sleep, type Clock } from '#base/clock.ts'
import { GalleyError } from '#base/error.ts'
import type { KeeperClient, KeeperEvents } from '#engine/containers/keeper-client.ts'
import { lockFile } from '#host/kernel/lock.ts'

const attempts = 500
/** Milliseconds. */
const pause = 4

/** The descriptor by which a keeper is handed its lock. */
const lockAt = 3

/** Connects to the instance's keeper, starting one when none answers. */
export async function reachKeeper(
  client: KeeperClient,
  events: KeeperEvents,
  { run, clock }: { readonly run: string; readonly clock: Clock },
): Promise<void> {
  for (let attempt = 0; attempt < attempts; attempt++) {
    try {
      await client.watch(events)
      return
    } catch {
      // There is none, it is not listening yet, or it is dying.
      startKeeper(run)
    }
    await sleep(clock, pause)
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
  const log = openSync(`${run}/keeper.log`, 'a', 0o600)
  const program = fileURLToPath(new URL(import.meta.resolve('#keeper/main.ts')))
  const flags = ['--disable-warning=ExperimentalWarning', '--max-semi-space-size=1', '--v8-pool-size=1']
  const child = spawn(process.execPath, [...flags, program, run, String(lockAt)], {
    detached: true,
    stdio: ['ignore', log, log, lock],
    cwd: '/',
  })
  child.unref()
  ftruncateSync(lock)
  writeSync(lock, String(child.pid ?? ''), 0)
  closeSync(log)
  closeSync(lock)
}
