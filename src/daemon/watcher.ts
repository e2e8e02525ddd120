import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, constants, existsSync, mkdirSync, openSync, writeFileSync } from 'node:fs'
import type { Clock } from '#base/clock.ts'
import { makeFifo } from '#host/kernel/fifo.ts'
import type { DaemonSpec } from '#keeper/protocol.ts'
import { endShell } from '#keeper/shell.ts'

/** Waits for the end of what nobody writes, and becomes the daemon. A built-in does the waiting: 0.2 MB, and no polling. */
const script = 'read -r _ <"$0/alive"; exec "$@" >>"$LOG" 2>&1'
/** Milliseconds until another one is started for one that was killed. */
const nextTry = 1000

/**
 * Comes into its own when daemon and keeper die at once, so that neither can start the other: a shell that reads from a FIFO which
 * both of them hold open for writing, and so sees its end when the last of the two has gone. The daemon starts another when it dies.
 */
export class Watcher implements Disposable {
  readonly #directory: string
  readonly #daemon: DaemonSpec
  readonly #clock: Clock
  readonly #held: number
  #shell: ChildProcess | undefined
  #timer: Disposable | undefined

  constructor(run: string, daemon: DaemonSpec, clock: Clock) {
    this.#directory = watchDirectory(run)
    this.#daemon = daemon
    this.#clock = clock
    this.#held = openSync(daemon.alive, constants.O_RDWR)
    endWatcher(run)
    this.#start()
  }

  #start(): void {
    try {
      this.#launch()
    } catch {
      // A full disk or too many open files now are no reason never to try again, and none for the daemon to end.
      this.#lost()
    }
  }

  #launch(): void {
    const child = spawn('/bin/sh', ['-c', script, this.#directory, ...this.#daemon.command], {
      detached: true,
      stdio: 'ignore',
      cwd: '/',
      env: { ...process.env, LOG: this.#daemon.log },
    })
    child.unref()
    try {
      if (child.pid !== undefined) writeFileSync(`${this.#directory}/shell`, String(child.pid))
    } catch (error) {
      // Nobody would find it, and so could end it.
      child.once('error', () => undefined).kill('SIGKILL')
      throw error
    }
    this.#shell = child
    child.once('error', () => this.#lost()).once('exit', () => this.#lost())
  }

  #lost(): void {
    this.#shell = undefined
    this.#timer = this.#clock.after(nextTry, () => this.#start())
  }

  /** A daemon that ends on purpose is not started again. */
  [Symbol.dispose](): void {
    this.#shell?.removeAllListeners()
    this.#timer?.[Symbol.dispose]()
    endShell(this.#directory)
    closeSync(this.#held)
  }
}

/** Makes the FIFO that daemon and keeper hold open while they live; resolves with its path. */
export function makeSignOfLife(run: string): string {
  const directory = watchDirectory(run)
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const path = `${directory}/alive`
  if (!existsSync(path)) makeFifo(path)
  return path
}

/** Ends the watcher that a daemon before this one started. */
export function endWatcher(run: string): void {
  endShell(watchDirectory(run))
}

function watchDirectory(run: string): string {
  return `${run}/watch`
}
