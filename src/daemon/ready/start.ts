import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, existsSync, openSync, readdirSync, rmSync } from 'node:fs'
import type { Clock } from '#base/clock.ts'
import { messageOf } from '#base/error.ts'
import type { Log } from '#base/log.ts'
import { deleteNow } from '#host/files/discard.ts'
import { readySocket } from './ready-socket.ts'

/** Milliseconds after the daemon's start, which has others to serve then; and until another one is started for one that was killed. */
const [first, next] = [500, 5000]

/** V8 without threads, of which a copy has none (host/process/fork.ts); what it has compiled it keeps, as the copies are to use it. */
const flags = ['--disable-warning=ExperimentalWarning', '--single-threaded', '--no-flush-bytecode', '--disable-sigusr1', '--v8-pool-size=1']

/**
 * Keeps a process that has loaded Galley's own commands, and becomes each that is called (docs/decisions/0016-ready-process.md).
 * Commands under way go on when this is disposed, and end with their callers.
 */
export class ReadyProcess implements Disposable {
  readonly #program: string
  readonly #run: string
  readonly #clock: Clock
  readonly #log: Log
  #child: ChildProcess | undefined
  #timer: Disposable

  constructor({ program, run }: { readonly program: string; readonly run: string }, clock: Clock, log: Log) {
    this.#program = program
    this.#run = run
    this.#clock = clock
    this.#log = log
    rmSync(readySocket(run), { force: true })
    for (const name of readdirSync(run)) if (name.startsWith('rehearsal-')) deleteNow(`${run}/${name}`)
    this.#timer = clock.after(first, () => this.#start())
  }

  #start(): void {
    try {
      this.#launch()
    } catch (error) {
      // A full disk or too many open files now are no reason for the daemon to end: commands go the ordinary way meanwhile.
      this.#log.warn('the process that stands ready for commands can not be started yet', { error: messageOf(error), after: next })
      this.#timer = this.#clock.after(next, () => this.#start())
    }
  }

  #launch(): void {
    const log = openSync(`${this.#run}/daemon.log`, 'a', 0o600)
    let child: ChildProcess
    try {
      child = spawn(process.execPath, [...flags, this.#program, this.#run], { detached: true, stdio: ['pipe', 'ignore', log], cwd: '/' })
    } finally {
      closeSync(log)
    }
    child.unref()
    this.#child = child
    child.once('error', () => this.#lost(child)).once('exit', () => this.#lost(child))
  }

  /**
   * One that ended by itself has loaded what is no longer to be started, or can't: the next daemon's loads the new. One that stood ready
   * and was killed is replaced.
   */
  #lost({ signalCode }: ChildProcess): void {
    this.#child = undefined
    const stood = existsSync(readySocket(this.#run))
    rmSync(readySocket(this.#run), { force: true })
    if (!stood || signalCode === null) return
    this.#log.warn('the process that stands ready for commands was ended; another one is started', { signal: signalCode, after: next })
    this.#timer = this.#clock.after(next, () => this.#start())
  }

  [Symbol.dispose](): void {
    this.#timer[Symbol.dispose]()
    const child = this.#child
    child?.removeAllListeners()
    // It is not listening yet, and so does not see the end of its input.
    if (!existsSync(readySocket(this.#run))) child?.kill('SIGKILL')
    rmSync(readySocket(this.#run), { force: true })
    child?.stdin?.destroy()
  }
}
