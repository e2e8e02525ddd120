import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, constants, openSync } from 'node:fs'
import type { Socket } from 'node:net'
import type { Clock } from '#base/clock.ts'
import { messageOf } from '#base/error.ts'
import { leaveToNode } from './children.ts'
import type { DaemonSpec } from './protocol.ts'

const firstDelay = 100
const longestDelay = 60_000
/** A daemon that lived this long makes the next restart quick again. */
const settled = 10_000

/**
 * Starts the daemon again when its connection breaks without `release`, with systemd or without. When something else is
 * faster, ours finds the data directory locked and ends, and the next guard request calls this off.
 */
export class DaemonGuard {
  readonly #clock: Clock
  #spec: DaemonSpec | undefined
  #connection: Socket | undefined
  #since = 0
  #delay = firstDelay
  #timer: Disposable | undefined
  /** Its end tells others that daemon and keeper are both gone. */
  #alive: number | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  guard(spec: DaemonSpec, connection: Socket): void {
    this.#timer?.[Symbol.dispose]()
    this.#spec = spec
    this.#alive ??= openSync(spec.alive, constants.O_RDWR)
    this.#connection = connection
    this.#since = this.#clock.now()
    connection.on('close', () => {
      if (this.#connection === connection) this.#lost()
    })
  }

  release(): void {
    this.#connection = undefined
    this.#spec = undefined
    if (this.#alive !== undefined) closeSync(this.#alive)
    this.#alive = undefined
    this.#timer?.[Symbol.dispose]()
  }

  #lost(): void {
    this.#connection = undefined
    if (this.#clock.now() - this.#since >= settled) this.#delay = firstDelay
    this.#schedule()
  }

  #schedule(): void {
    this.#timer = this.#clock.after(this.#delay, () => this.#start())
    this.#delay = Math.min(this.#delay * 2, longestDelay)
  }

  #start(): void {
    const spec = this.#spec
    if (spec === undefined) return
    const onEnd = (): void => {
      // One that came as far as `guard` is missed by its connection.
      if (this.#connection === undefined && this.#spec === spec) this.#schedule()
    }
    try {
      spawnLogged(spec).once('error', onEnd).once('exit', onEnd)
    } catch (error) {
      // A full disk or too many open files now are no reason never to try again.
      process.stderr.write(`the daemon cannot be started: ${messageOf(error)}\n`)
      onEnd()
    }
  }
}

function spawnLogged({ command: [program = '', ...args], log }: DaemonSpec): ChildProcess {
  const output = openSync(log, 'a', 0o600)
  try {
    const child = spawn(program, args, { detached: true, stdio: ['ignore', output, output], cwd: '/' })
    leaveToNode(child)
    return child
  } finally {
    closeSync(output)
  }
}
