import { spawn } from 'node:child_process'
import { closeSync, existsSync, openSync, readFileSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { cannotStart } from '#base/cannot-start.ts'
import { sleep, systemClock } from '#base/clock.ts'
import { GalleyError } from '#base/error.ts'
import { home } from '#base/home.ts'
import { isBeingClaimed, runningDaemon } from '#daemon/holder.ts'
import { makeDirectory } from '#daemon/make-directory.ts'
import { ask } from './connect.ts'
import { needRoot } from './need-root.ts'

/** Milliseconds between the first looks at a daemon that starts. */
const interval = 5
/** Later a look is taken after this part of the time it took so far: a machine that is slow has no time for many. */
const part = 0.05

/** Milliseconds for a daemon that has the run directory, was not started here, and is not to be reached; and for one answer of it. */
const patience = { total: 60_000, answer: 10_000 } as const

/**
 * Resolves when a daemon answers: the one that is started here with `options`, or another that was faster, as the keeper starts one
 * that died by itself. Throws `forbidden` for anybody but root, `unavailable` when it ends at once.
 */
export async function ensureDaemon(
  { data, run, socket }: { readonly data: string; readonly run: string; readonly socket: string },
  options: readonly string[],
): Promise<void> {
  needRoot('galley daemon start')
  makeDirectory(run, 0o711)
  const logged = statSync(`${run}/daemon.log`, { throwIfNoEntry: false })?.size ?? 0
  const begun = systemClock.now()
  let ended: Promise<'ended'> | undefined
  // One that is started here takes as long as it takes: minutes where processors are emulated.
  let starting = false
  for (let tries = 0; ;) {
    // One that has died answers nobody, and its keeper lets clients wait for the next.
    if (runningDaemon(run) !== undefined && (await answers(socket)) && runningDaemon(run) !== undefined) return
    if (!starting && systemClock.now() > begun + patience.total) throw silent({ run, socket })
    if (ended === undefined && runningDaemon(run) === undefined) {
      starting = true
      ended = launch(run, options).finally(() => (starting = false))
      tries = isBeingClaimed(data) ? 0 : tries + 1
    }
    const first = await Promise.race([
      sleep(systemClock, Math.max(interval, (systemClock.now() - begun) * part)),
      ...(ended === undefined ? [] : [ended]),
    ])
    if (first !== 'ended') continue
    ended = undefined
    // It may have found the lock of one that is starting too, or the last one's, which goes a moment after that one was killed.
    if (tries > 1 && runningDaemon(run) === undefined) throw notStarted(`${run}/daemon.log`, logged)
  }
}

/** With the reason that the daemon gave, and what it says helps: the first lines that its command wrote as any other does (fail.ts). */
function notStarted(log: string, logged: number): GalleyError {
  const written = readFileSync(log).subarray(logged).toString()
  const [, reason, , hint] = /^galley: (.*)$(\nhint: (.*)$)?/m.exec(written) ?? []
  return new GalleyError('unavailable', reason === undefined ? 'the daemon did not start' : `the daemon did not start: ${reason}`, {
    code: 'daemon.absent',
    advice: hint ?? `Its log says why: ${log}`,
  })
}

function silent({ run, socket }: { readonly run: string; readonly socket: string }): GalleyError {
  return new GalleyError('unavailable', `the daemon runs, but does not answer at ${socket}`, {
    code: 'daemon.absent',
    subject: socket,
    advice: `Name the socket that it was started with, or start it again: galley daemon stop. Its log: ${run}/daemon.log`,
  })
}

/** Node's options of a daemon. MiB for young objects: of Node's own 16, 7 would stay in memory for good after the burst of objects of a start. */
const flags = ['--disable-warning=ExperimentalWarning', '--max-semi-space-size=2'] as const

/**
 * How this program is called as a daemon, whatever this process was started with, which may be the ready one: in a checkout by its source,
 * as what was made of it can be deleted.
 */
export function ownCommand(options: readonly string[]): string[] {
  const source = fileURLToPath(new URL('src/cli/main.ts', home))
  const program = existsSync(source) ? source : (process.argv[1] ?? '')
  return [process.execPath, ...flags, program, 'daemon', ...options]
}

/** Starts the daemon in the background; resolves should it end. Throws `unavailable` where the machine has no room for a process more. */
function launch(run: string, options: readonly string[]): Promise<'ended'> {
  const log = openSync(`${run}/daemon.log`, 'a', 0o600)
  try {
    const [program = '', ...args] = ownCommand(options)
    const child = spawn(program, args, { detached: true, stdio: ['ignore', log, log], cwd: '/' })
    child.unref()
    return new Promise((resolve, reject) => {
      child.once('exit', () => resolve('ended')).once('error', (cause) => reject(cannotStart(program, cause)))
    })
  } finally {
    closeSync(log)
  }
}

/** The kernel alone lets a client in for a moment after a daemon was killed: only an answer shows that it lives. */
async function answers(socket: string): Promise<boolean> {
  try {
    ;(await ask('/_ping', { at: socket, signal: AbortSignal.timeout(patience.answer) })).resume()
    return true
  } catch {
    return false
  }
}
