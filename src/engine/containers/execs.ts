import type { Clock } from '#base/clock.ts'
import { GalleyError, messageOf } from '#base/error.ts'
import { newId } from '#base/id.ts'
import { discard } from '#host/files/discard.ts'
import type { ProcessSpec } from '#keeper/protocol.ts'
import { endRuntime } from '#keeper/shell.ts'
import { apparmorProfileOf } from './apparmor.ts'
import { presentLinks } from './connect.ts'
import { eventAttributes } from './create.ts'
import type { Engine } from './engine.ts'
import type { Container } from './model.ts'
import { consoleSocketOf, execCommand, runtimeOf } from './runtime.ts'
import { rlimitsFor } from './rlimits.ts'
import { bundleDirectory, rootfsOf } from './start.ts'
import { SpareSessions, type Spare } from './spare-sessions.ts'
import { startAdvice, startExitCode, startProblem } from './start-problem.ts'
import { capabilitySets, environment, refusesPrivileges } from './spec.ts'
import { resolveUser } from './user.ts'

/** An exec session: it lives in memory, as in Docker, and can be asked about for a while when its container is gone. */
export interface Exec {
  readonly id: string
  readonly container: string
  readonly command: readonly string[]
  readonly env: readonly string[]
  readonly user: string
  readonly workingDir: string
  readonly tty: boolean
  readonly stdin: boolean
  readonly stdout: boolean
  readonly stderr: boolean
  readonly privileged: boolean
  readonly detachKeys: string
  /** Rows and columns that the process finds when it looks at once; the client may change them later. */
  terminalSize?: readonly [rows: number, columns: number] | undefined
  /** A health check's: no events are told of it. */
  readonly quiet?: boolean
  /** Resolves when the process has ended or could not be started; `exitCode` is known then. */
  readonly over: Promise<void>
  running: boolean
  started: boolean
  pid: number
  exitCode: number | undefined
}

interface Session {
  readonly exec: Exec
  readonly resolve: () => void
  /** Milliseconds since the epoch. */
  endedAt: number | undefined
}

/** Milliseconds for which a session that has ended can still be inspected, at least (moby: 5 to 10 minutes). */
const remembered = 300_000

export class Execs {
  readonly #clock: Clock
  readonly #byId = new Map<string, Session>()
  readonly #spares: SpareSessions

  constructor(clock: Clock) {
    this.#clock = clock
    this.#spares = new SpareSessions(clock)
  }

  add(wishes: Omit<Exec, 'id' | 'over' | 'running' | 'started' | 'pid' | 'exitCode'>): Exec {
    this.#dropOld()
    const { promise: over, resolve } = Promise.withResolvers<void>()
    const exec = { ...wishes, id: this.#spares.take(wishes) ?? newId(), over, running: false, started: false, pid: 0, exitCode: undefined }
    this.#byId.set(exec.id, { exec, resolve, endedAt: undefined })
    return exec
  }

  /** The keeper was lost, and the sessions that it had prepared with it. */
  dropSpares(): void {
    this.#spares.clear()
  }

  /** A session that should be prepared, as `one` has just started or ended; undefined when none is likely to follow. */
  next(one: Exec): Spare | undefined {
    return one.running ? this.#spares.following(one) : this.#spares.next(one)
  }

  find(id: string): Exec | undefined {
    return this.#byId.get(id)?.exec
  }

  get(id: string): Exec {
    const exec = this.find(id)
    if (exec === undefined) throw new GalleyError('not found', `No such exec instance: ${id}`, { subject: id })
    return exec
  }

  /** The container has gone: a session that was made for it and not started never will be. */
  dropUnstarted(container: string): void {
    for (const { exec } of this.#byId.values()) if (exec.container === container && !exec.started) this.#byId.delete(exec.id)
  }

  running(): Exec[] {
    return [...this.#byId.values()].map(({ exec }) => exec).filter((exec) => exec.running)
  }

  of(container: string): Exec[] {
    return this.running().filter((exec) => exec.container === container)
  }

  /** Writes down how a session ended; the first word counts, and false is answered to others. */
  end(exec: Exec, exitCode: number): boolean {
    const session = this.#byId.get(exec.id)
    if (session === undefined || exec.exitCode !== undefined) return false
    Object.assign(exec, { running: false, exitCode })
    session.endedAt = this.#clock.now()
    session.resolve()
    return true
  }

  #dropOld(): void {
    const before = this.#clock.now() - remembered
    for (const { exec, endedAt } of this.#byId.values()) {
      if (endedAt === undefined) continue
      // They are in the order in which they were made, of which there may be thousands; those that took longest are looked at again.
      if (endedAt >= before) break
      this.#byId.delete(exec.id)
    }
  }
}

/** What the keeper saw: an exec session's process ended. False when `id` is none. */
export function execEnded(engine: Engine, id: string, code: number): boolean {
  const exec = engine.execs.find(id)
  if (exec === undefined) return false
  // A keeper that can't be told tells of its end once more, which nobody waits for then.
  engine.keeper.forget(id).catch(() => undefined)
  if (!engine.execs.end(exec, code)) return true
  // Whoever waits for the session need not wait for this.
  engine.clock.after(0, () => {
    discard(directoryOf(engine, exec))
    prepareNext(engine, exec)
  })
  tell(engine, exec, 'exec_die', { exitCode: String(code) })
  return true
}

function tell(engine: Engine, { id, container: of, quiet }: Exec, action: string, more: Readonly<Record<string, string>> = {}): void {
  const container = engine.containers.find(of)
  if (container !== undefined && quiet !== true)
    engine.events.emit('container', action, container.id, { ...eventAttributes(container), execID: id, ...more })
}

/** Throws `conflict` when nothing can be run in the container now; `reference` is what the client calls it. */
export function checkEnterable({ id, state: { status } }: Container, reference = id): void {
  if (status === 'paused') throw new GalleyError('conflict', `Container ${reference} is paused, unpause the container before exec`)
  if (status === 'restarting') throw new GalleyError('conflict', `Container ${id} is restarting, wait until the container is running`)
  if (status !== 'running') throw new GalleyError('conflict', `container ${id} is not running`)
}

export interface ExecOutput {
  /** See `ProcessSpec`. */
  readonly framed?: boolean
  /** The key of the attach that takes it, when that is under way (`KeeperClient`). */
  readonly after?: number
}

/**
 * Starts a prepared session; resolves when its process runs. Throws `conflict` when its container doesn't or it ran before, and
 * `invalid` when the process can't be started; the exit code is 126 or 127 then.
 */
export async function startExec(engine: Engine, exec: Exec, { framed, after }: ExecOutput = {}): Promise<void> {
  const container = engine.containers.get(exec.container)
  checkEnterable(container)
  // Made for a run that has ended meanwhile, it was dropped: nobody would hear of its end.
  engine.execs.get(exec.id)
  if (exec.started) throw new GalleyError('conflict', `Error: Exec command ${exec.id} is already running`)
  exec.started = true
  exec.running = true
  // Before it can end. As in Docker, also of one that then can't be started.
  tell(engine, exec, `exec_start: ${exec.command.join(' ')}`)
  const directory = directoryOf(engine, exec)
  try {
    const document = JSON.stringify(processOf(engine, exec))
    // Not every runtime sizes the terminal that it makes for a session as `process.json` says (crun 1.8). Without a keeper the start fails, too.
    if (exec.tty && exec.terminalSize !== undefined) engine.keeper.resize(exec.id, ...exec.terminalSize).catch(() => undefined)
    const answering = engine.keeper.start({ ...heldSession(engine, container, exec), document, framed }, after)
    prepareNext(engine, exec)
    const answer = await answering
    if (!answer.ok) throw startFailure(engine, container, { log: answer.error, program: exec.command[0] ?? '' })
    exec.pid = answer.pid ?? 0
  } catch (error) {
    engine.execs.end(exec, startExitCode(messageOf(error), 126))
    endRuntime(directory)
    discard(directory)
    throw error
  }
}

/** What the keeper is to hold of a session, but for what is run in it. */
function heldSession(engine: Engine, container: Container, session: Pick<Exec, 'id' | 'container' | 'tty' | 'stdin'>): ProcessSpec {
  const { id, tty, stdin } = session
  const directory = directoryOf(engine, session)
  const consoleSocket = tty ? consoleSocketOf(engine, id) : undefined
  const command = execCommand(engine, container, { directory, consoleSocket })
  const { sendsTerminal, wantsReadOnlyProgram } = runtimeOf(engine, container)
  return {
    id,
    command,
    readOnlyProgram: wantsReadOnlyProgram,
    directory,
    stdin,
    stdinOnce: true,
    consoleSocket,
    relaysTerminal: !sendsTerminal,
  }
}

/**
 * Makes a session that will be started soon: its runtime is started while the client hears of it. One that isn't is forgotten by the
 * keeper, and started as if it had not been prepared. Throws `invalid` for a user whom the container does not know.
 */
export function makeExec(engine: Engine, wishes: Parameters<Execs['add']>[0]): Exec {
  const container = engine.containers.get(wishes.container)
  if (wishes.user !== '') resolveUser(rootfsOf(engine, container.id), wishes.user, [])
  const exec = engine.execs.add(wishes)
  if (engine.keeper.connected && runtimeOf(engine, container).awaitsProcess) prepare(engine, container, exec)
  return exec
}

/** Has the keeper prepare the session that is likely to be next. */
function prepareNext(engine: Engine, one: Exec): void {
  const container = engine.containers.find(one.container)
  if (container?.state.status !== 'running' || !runtimeOf(engine, container).awaitsProcess) return
  const next = engine.execs.next(one)
  if (next !== undefined && engine.keeper.connected) prepare(engine, container, next)
}

/** A session that a keeper which has just died could not prepare is started as any other. */
function prepare(engine: Engine, container: Container, session: Parameters<typeof heldSession>[2]): void {
  engine.keeper.prepare(heldSession(engine, container, session)).catch(() => undefined)
}

function startFailure(engine: Engine, { id, hostConfig }: Container, { log, program }: { log: string; program: string }): GalleyError {
  const why = startProblem(log, { rootfs: rootfsOf(engine, id), program })
  return new GalleyError('invalid', `OCI runtime exec failed: exec failed: unable to start container process: ${why}`, {
    code: 'exec.start-failed',
    ...startAdvice(why, hostConfig.Ulimits),
  })
}

function directoryOf(engine: Engine, exec: Pick<Exec, 'id' | 'container'>): string {
  return `${bundleDirectory(engine, exec.container)}/execs/${exec.id}`
}

function processOf(engine: Engine, exec: Exec): object {
  const container = engine.containers.get(exec.container)
  const user = resolveUser(rootfsOf(engine, container.id), exec.user || container.config.User, container.hostConfig.GroupAdd)
  const [height = 0, width = 0] = exec.terminalSize ?? []
  const links = container.hostConfig.Links.length === 0 ? [] : presentLinks(engine, container).flatMap(({ env }) => env)
  return {
    terminal: exec.tty,
    ...(exec.tty && height > 0 && { consoleSize: { height, width } }),
    user: { uid: user.uid, gid: user.gid, additionalGids: user.additionalGids },
    args: exec.command,
    env: environment({ ...container.config, Tty: exec.tty, Env: [...container.config.Env, ...exec.env] }, user.home, links),
    cwd: exec.workingDir || container.config.WorkingDir || '/',
    capabilities: capabilitySets({ ...container.hostConfig, Privileged: exec.privileged || container.hostConfig.Privileged }, user.uid),
    noNewPrivileges: refusesPrivileges(container.hostConfig),
    ...apparmorProfileOf(container.hostConfig),
    rlimits: rlimitsFor(container.hostConfig),
  }
}
