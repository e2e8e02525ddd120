import { existsSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { dirname } from 'node:path'
import type { Clock } from '#base/clock.ts'
import { GalleyError } from '#base/error.ts'
import { LineBuffer } from '#base/line-buffer.ts'
import type { NameNews } from '#keeper/names/name-service.ts'
import type { PortsOfContainer } from '#keeper/ports/held-ports.ts'
import { readText, recordedExit } from '#keeper/shell.ts'
import type { Answer, DaemonSpec, KeeperEvent, LogEnd, Numbered, ProcessSpec, Request } from '#keeper/protocol.ts'

export interface KeeperEvents {
  running(id: string, pid: number): void
  /** Processes of a container were killed because memory ran out. */
  oom(id: string, peak: number | undefined): void
  exit(id: string, code: number, at: number): void
  /** The keeper died or was stopped. */
  lost(): void
}

export interface Streams {
  readonly stdin: boolean
  readonly stdout: boolean
  readonly stderr: boolean
}

interface Attached {
  readonly socket: Socket
  /** Undefined when nothing has been logged. */
  readonly logged: LogEnd | undefined
}

/** The keeper died. What it was asked for may have been done or not; the next one is there soon. */
class KeeperLost extends GalleyError {
  constructor() {
    super('unavailable', 'the keeper is being restarted', { advice: 'Try again in a second.' })
  }
}

/** An attach that a start comes after. */
export interface Following {
  readonly key: number
  /** Makes it once more with the next keeper; resolves with its key. */
  readonly again: () => Promise<number>
}

/** Milliseconds for which what is asked of a lost keeper waits for the next one, which is there after some 300. */
const patience = 3000
/** Milliseconds for which what waited for a keeper keeps the next one from being used. */
const slowness = 1000

/** The daemon's end of the keeper's socket (`keeper/protocol.ts`). */
export class KeeperClient implements Disposable {
  readonly #path: string
  readonly #clock: Clock
  readonly #waiting = new Map<number, PromiseWithResolvers<Answer>>()
  #control: Socket | undefined
  /** What waits for the next keeper, before that has been told everything. */
  readonly #newcomers = new Set<() => Promise<void>>()
  /** Processes of which this keeper said that they have ended, until they are forgotten. */
  readonly #ended = new Set<string>()
  /** What the next keeper says of processes whose start was under way when one was lost. */
  readonly #fates = new Map<string, PromiseWithResolvers<Answer>>()
  /** Those of them that are known: what is booked already is forgotten in the keeper's directory. */
  readonly #learnt = new Set<string>()
  /** Ids whose start was asked for, until they are forgotten. */
  readonly #asked = new Set<string>()
  #number = 0
  /** Whether a keeper was lost and the next one has not been told everything yet. */
  #isLost = false
  #losses = 0
  /** Resolved and made anew whenever that changes. */
  #change = Promise.withResolvers<void>()

  constructor(path: string, clock: Clock) {
    this.#path = path
    this.#clock = clock
  }

  /** The version of the protocol that the keeper speaks (`protocolVersion`). Throws when there is none, or it dies meanwhile. */
  async version(): Promise<number> {
    const socket = await this.#connect()
    socket.once('end', () => socket.destroy())
    socket.write(`${JSON.stringify({ op: 'version', number: 0 } satisfies Numbered<Request>)}\n`)
    try {
      return await new Promise((resolve, reject) => {
        socket.once('close', () => reject(keeperDied()))
        readLines(socket, (line) => {
          const answer = JSON.parse(line) as Answer
          resolve((answer.ok ? answer.version : undefined) ?? 0)
        })
      })
    } finally {
      socket.destroy()
    }
  }

  /** Connects and resolves when everything that the keeper holds has been told to `events`. Throws when it dies meanwhile. */
  async watch(events: KeeperEvents): Promise<void> {
    const control = await this.#connect()
    this.#ended.clear()
    control.on('end', () => control.destroy())
    readLines(control, (line) => this.#answered(JSON.parse(line) as Numbered<Answer>))
    const watcher = await this.#connect()
    watcher.write('{"op":"watch"}\n')
    await new Promise<void>((resolve, reject) => {
      watcher.once('end', () => watcher.destroy()).once('close', () => reject(keeperDied()))
      readLines(watcher, (line) => {
        const event = JSON.parse(line) as KeeperEvent
        this.#learn(event)
        if (event.type === 'running') events.running(event.id, event.pid)
        else if (event.type === 'oom') events.oom(event.id, event.peak)
        else if (event.type === 'exit') events.exit(event.id, event.code, event.at)
        else resolve()
      })
    })
    // What it had said before it died came last.
    if (control.destroyed) throw keeperDied()
    this.#control = control
    control.on('close', () => this.#lose(events))
    this.#changed()
  }

  /** The keeper, which may be another, has been told everything that it must know: what was asked for meanwhile goes on. */
  settled(): void {
    this.#isLost = false
    this.#changed()
  }

  /**
   * `after`: an attach that is under way, and comes first. When the keeper is lost meanwhile, the next one says what became of the process,
   * or starts it if that was never begun. Throws `KeeperLost`, also where input that was on its way would be missing.
   */
  async start(process: ProcessSpec, after?: Following): Promise<Answer> {
    // An attach that was under way went with the keeper.
    if (after === undefined) await this.#until(() => !this.#isLost)
    this.#asked.add(process.id)
    try {
      return await this.#ask({ op: 'start', process, after: after?.key })
    } catch (error) {
      if (!(error instanceof KeeperLost) || process.stdin) throw error
      return await this.#fateOf(process, after)
    }
  }

  /** Whether it is still open what became of a process whose keeper was lost while it started: whoever asked for it learns it first. */
  awaits(id: string): boolean {
    return this.#fates.has(id)
  }

  async #fateOf(process: ProcessSpec, after: Following | undefined): Promise<Answer> {
    const { id } = process
    const fate = Promise.withResolvers<Answer>()
    // It may be rejected before somebody waits for it.
    fate.promise.catch(() => undefined)
    this.#fates.set(id, fate)
    try {
      await this.#until(() => !this.#isLost)
      this.#asked.add(id)
      const key = await after?.again()
      // The keeper writes down what it starts before it does: of this one, nothing had begun.
      if (!this.#learnt.has(id) && !existsSync(`${dirname(this.#path)}/held/${id}`))
        return await this.#ask({ op: 'start', process, after: key })
      const answer = await fate.promise
      if (answer.ok) return answer
      await this.forget(id)
      if (recordedExit(process.directory) === undefined) {
        // A runtime that was started ahead may have run what it was told, and must not do so twice.
        if (process.document !== undefined) throw keeperDied()
        // Its shell had not begun, which would have written its end down.
        return await this.#ask({ op: 'start', process, after: key })
      }
      return { ok: false, error: readText(`${process.directory}/runtime.log`) || answer.error }
    } finally {
      this.#fates.delete(id)
      this.#learnt.delete(id)
    }
  }

  /** What is told first of a process counts: one that ran is told to run, and then how it ended. */
  #learn(event: KeeperEvent): void {
    if ((event.type === 'running' || event.type === 'exit') && this.#fates.has(event.id)) this.#learnt.add(event.id)
    if (event.type === 'exit') this.#ended.add(event.id)
    if (event.type === 'running') this.#fates.get(event.id)?.resolve({ ok: true, pid: event.pid })
    else if (event.type === 'exit')
      this.#fates
        .get(event.id)
        ?.resolve({ ok: false, error: `the runtime ended with code ${event.code} before the process ran, while the keeper was replaced` })
  }

  /** Has the runtime of a process started ahead: `start` with the same specification and its `document` is quicker then. */
  async prepare(process: ProcessSpec): Promise<void> {
    await this.#ask({ op: 'prepare', process }).catch(() => undefined)
  }

  resize(id: string, rows: number, columns: number): Promise<Answer> {
    return this.#whileAlive(() => this.#ask({ op: 'resize', id, rows, columns }))
  }

  /** How many keepers were lost so far. */
  get losses(): number {
    return this.#losses
  }

  /** Runs a task with the keeper that follows the lost one, before the ends that it tells of are booked; at once when it is there. */
  atReplacement(task: () => Promise<void>): void {
    if (this.#isLost) this.#newcomers.add(task)
    else void task()
  }

  /** Runs what waited for this keeper. Clients that read slowly are not waited for long. */
  async welcome(): Promise<void> {
    const tasks = [...this.#newcomers]
    this.#newcomers.clear()
    const late = Promise.withResolvers<void>()
    using _limit = this.#clock.after(slowness, late.resolve)
    await Promise.race([Promise.all(tasks.map((task) => task())), late.promise])
  }

  /** Whether this keeper said that a process has ended. */
  hasEnded(id: string): boolean {
    return this.#ended.has(id)
  }

  /** Whether one was lost since there were so many losses, which whoever was connected with it may hear of before this client. */
  async hasLost(since: number): Promise<boolean> {
    if (this.#losses !== since) return true
    const isDead = await this.version().then(
      () => false,
      () => true,
    )
    if (isDead) await this.#until(() => this.#losses !== since).catch(() => undefined)
    return this.#losses !== since
  }

  /** Whether there is a keeper to ask. */
  get connected(): boolean {
    return this.#control !== undefined
  }

  /** Whether this daemon asked this keeper, or the one before it, to start it. */
  hasAsked(id: string): boolean {
    return this.#asked.has(id) || this.#fates.has(id)
  }

  /** One that can't be told tells of the process's end once more, when it is told to forget it again. */
  async forget(id: string): Promise<void> {
    this.#asked.delete(id)
    this.#ended.delete(id)
    await this.#ask({ op: 'forget', id }).catch(() => undefined)
  }

  /** Name tables and resolvers; in force before a process that is started after this call. */
  names(news: NameNews): Promise<Answer> {
    return this.#ask({ op: 'names', news })
  }

  async ports(ports: PortsOfContainer): Promise<Answer> {
    const request = { op: 'ports', ports } as const
    // Who tells a new keeper everything, or gives ports back, must not wait until one has been told everything.
    if (this.#isLost || ports.ports.length === 0) return await this.#ask(request)
    return await this.#whileAlive(() => this.#ask(request))
  }

  portHolders(containers: readonly string[]): Promise<Answer> {
    return this.#ask({ op: 'port-holders', containers })
  }

  /** From now on the keeper starts this daemon again when it dies. */
  guard(daemon: DaemonSpec): Promise<Answer> {
    return this.#ask({ op: 'guard', daemon })
  }

  /** The daemon ends on purpose: the keeper lets it. */
  release(): Promise<Answer> {
    if (this.#control === undefined) throw keeperDied()
    return this.#ask({ op: 'release' }).catch((): Answer => ({ ok: true }))
  }

  /** A connection that carries the process's streams: what is written is its input, what is read its framed output. Throws `unavailable`. */
  async attach(id: string, streams: Streams): Promise<Socket> {
    return (await this.attachAfter(id, streams)).socket
  }

  /** The same for a client that reads a log first, of which `log` is the newest file: up to `logged`, from where the connection goes on. */
  async attachAfter(id: string, streams: Streams & { readonly log?: string | undefined }): Promise<Attached> {
    return await this.#whileAlive(async () => (await this.attaching(id, streams)).attached)
  }

  /** As soon as the keeper has been asked: a process can be started `after` the key without waiting for the answer. Throws `unavailable`. */
  async attaching(
    id: string,
    streams: Streams & { readonly log?: string | undefined },
  ): Promise<{ readonly key: number; readonly attached: Promise<Attached> }> {
    return this.#attachBy(await this.#whileAlive(() => this.#connect()), id, streams)
  }

  /** To the keeper that is there now, whether or not it has been told everything. Throws when there is none, or it dies meanwhile. */
  async attachNow(id: string, streams: Streams & { readonly log?: string | undefined }): Promise<Attached> {
    return await this.#attachBy(await this.#connect(), id, streams).attached
  }

  #attachBy(
    socket: Socket,
    id: string,
    streams: Streams & { readonly log?: string | undefined },
  ): { readonly key: number; readonly attached: Promise<Attached> } {
    const key = ++this.#number
    socket.write(`${JSON.stringify({ op: 'attach', id, key, ...streams } satisfies Request)}\n`)
    let ended = false
    socket.once('end', () => (ended = true))
    socket.once('close', () => {
      if (!ended && this.#control !== undefined) this.#ask({ op: 'detach', key }).catch(() => undefined)
    })
    return { key, attached: firstAnswer(socket) }
  }

  #connect(): Promise<Socket> {
    return new Promise((resolve, reject) => {
      const socket = connect({ path: this.#path, allowHalfOpen: true })
      socket.once('connect', () => {
        socket.off('error', reject)
        socket.on('error', () => socket.destroy())
        resolve(socket)
      })
      socket.once('error', reject)
    })
  }

  async #ask(request: Request): Promise<Answer> {
    if (this.#isLost) await this.#until(() => this.#control !== undefined)
    const control = this.#control
    if (control === undefined) throw keeperDied()
    const number = ++this.#number
    const answer = Promise.withResolvers<Answer>()
    this.#waiting.set(number, answer)
    control.write(`${JSON.stringify({ ...request, number } satisfies Numbered<Request>)}\n`)
    return answer.promise
  }

  #answered(answer: Numbered<Answer>): void {
    this.#waiting.get(answer.number)?.resolve(answer)
    this.#waiting.delete(answer.number)
  }

  #changed(): void {
    this.#change.resolve()
    this.#change = Promise.withResolvers()
  }

  /** Waits for what becomes of a lost keeper; at once when it is so already. Throws `unavailable` when that takes too long. */
  async #until(isSo: () => boolean): Promise<void> {
    if (isSo()) return
    const over = Promise.withResolvers<never>()
    using _limit = this.#clock.after(patience, () => over.reject(keeperDied()))
    while (!isSo()) await Promise.race([this.#change.promise, over.promise])
  }

  /** Carries out what a keeper's death in the middle breaks, and then once more with the next keeper. */
  async #whileAlive<T>(task: () => Promise<T>): Promise<T> {
    await this.#until(() => !this.#isLost)
    const losses = this.#losses
    try {
      return await task()
    } catch {
      // That it has died may be noticed only in a moment.
      await this.#until(() => this.#losses > losses && !this.#isLost)
      return await task()
    }
  }

  #lose(events: KeeperEvents): void {
    this.#losses++
    this.#control = undefined
    this.#isLost = true
    this.#asked.clear()
    for (const { reject } of this.#waiting.values()) reject(keeperDied())
    this.#waiting.clear()
    for (const { reject } of this.#fates.values()) reject(keeperDied())
    this.#changed()
    events.lost()
  }

  [Symbol.dispose](): void {
    this.#control?.removeAllListeners('close')
    this.#control?.destroy()
  }
}

/** The answer to an attach, after which the connection carries the process's streams. */
function firstAnswer(socket: Socket): Promise<Attached> {
  return new Promise((resolve, reject) => {
    const onData = (chunk: Buffer): void => {
      const end = chunk.indexOf(10)
      socket.off('data', onData).off('end', onEnd)
      socket.pause()
      if (end + 1 < chunk.length) socket.unshift(chunk.subarray(end + 1))
      const answer = JSON.parse(chunk.toString('utf8', 0, end)) as Answer
      resolve({ socket, logged: answer.ok ? answer.logged : undefined })
    }
    const onEnd = (): void => reject(keeperDied())
    socket.on('data', onData).once('end', onEnd)
    socket.once('close', onEnd)
  })
}

function keeperDied(): GalleyError {
  return new KeeperLost()
}

function readLines(socket: Socket, onLine: (line: string) => void): void {
  const buffer = new LineBuffer()
  socket.setEncoding('utf8')
  socket.on('data', (text: string) => buffer.push(text).forEach(onLine))
}
