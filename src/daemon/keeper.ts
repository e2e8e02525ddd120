import { spawn } from 'node:child_process'
import { openSync, closeSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { sleep, type Clock } from '#base/clock.ts'
import { GalleyError } from '#base/error.ts'
import type { KeeperClient, KeeperEvents } from '#engine/containers/keeper-client.ts'

const attempts = 200
const pause = 10

/** Connects to the instance's keeper, starting one when none answers. */
export async function reachKeeper(
  client: KeeperClient,
  events: KeeperEvents,
  { run, clock }: { readonly run: string; readonly clock: Clock },
): Promise<void> {
  try {
    await client.watch(events)
    return
  } catch {
    startKeeper(run)
  }
  for (let attempt = 0; attempt < attempts; attempt++) {
    await sleep(clock, pause)
    try {
      await client.watch(events)
      return
    } catch {
      // It is not listening yet.
    }
  }
  throw new GalleyError('unavailable', 'the keeper does not start', { advice: `Read ${run}/keeper.log.` })
}

function startKeeper(run: string): void {
  const log = openSync(`${run}/keeper.log`, 'a', 0o600)
  const program = fileURLToPath(new URL(import.meta.resolve('#keeper/main.ts')))
  const flags = ['--disable-warning=ExperimentalWarning', '--max-semi-space-size=1', '--v8-pool-size=1']
  const child = spawn(process.execPath, [...flags, program, run], { detached: true, stdio: ['ignore', log, log], cwd: '/' })
  child.unref()
  closeSync(log)
}
