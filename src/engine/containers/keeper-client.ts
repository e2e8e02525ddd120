import { connect, type Socket } from 'node:net'
import type { Clock } from '#base/clock.ts'
import { GalleyError } from '#base/error.ts'
import { LineBuffer } from '#base/line-buffer.ts'
import type { Descriptor } from '#host/process/listeners.ts'
import type { NameNews } from '#keeper/names/name-service.ts'
import type { PortsOfContainer } from '#keeper/ports/held-ports.ts'
import type { Answer, DaemonSpec, KeeperEvent, ListenerSpec, LogEnd, Numbered, ProcessSpec, Request } from '#keeper/protocol.ts'

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

/** Milliseconds for which what is asked of a lost keeper waits for the next one, which is there after some 300, or seconds where all are busy. */
const patience = 10_000

/** Of a request that a dead keeper can't have read: it is known that nothing was begun. */
const neverRead: Answer = { ok: false, error: 'the keeper died' }
/** Of one that it may have read. */
const unanswered: Answer = { ...neverRead }

/** The daemon's end of the keeper's socket (`keeper/protocol.ts`). */
export class KeeperClient implements Disposable {
  readonly #path: string
  readonly #clock: Clock
  readonly #waiting = new Map<number, (answer: Answer) => void>()
  #control: Socket | undefined
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
    control.on('end', () => control.destroy())
    readLines(control, (line) => this.#answered(JSON.parse(line) as Numbered<Answer>))
    const watcher = await this.#connect()
    watcher.write('{"op":"watch"}\n')
    await new Promise<void>((resolve, reject) => {
      watcher.once('end', () => watcher.destroy()).once('close', () => reject(keeperDied()))
      readLines(watcher, (line) => {
        const event = JSON.parse(line) as KeeperEvent
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

  /** The keeper, which may be another, has been told everything that it must know: what was asked for meanwhile goes on. One that died meanwhile hasn't. */
  settled(): void {
    if (this.#control === undefined) return
    this.#isLost = false
    this.#changed()
  }

  /**
   * `after`: the key of an attach that is under way, and comes first: it went with a keeper that was lost. Else the next keeper starts what that
   * one can't have begun. Throws `unavailable` where it died meanwhile.
   */
  async start(process: ProcessSpec, after?: number): Promise<Answer> {
    if (after === undefined) await this.#until(() => !this.#isLost)
    const losses = this.#losses
    this.#asked.add(process.id)
    const answer = await this.#ask({ op: 'start', process, after })
    if (answer === unanswered || (answer === neverRead && after !== undefined)) throw keeperDied()
    if (answer !== neverRead) return answer
    await this.#until(() => this.#losses > losses && !this.#isLost)
    return await this.start(process)
  }

  /** Has the runtime of a process started ahead: `start` with the same specification and its `document` is quicker then. */
  prepare(process: ProcessSpec): Promise<Answer> {
    return this.#ask({ op: 'prepare', process })
  }

  resize(id: string, rows: number, columns: number): Promise<Answer> {
    return this.#ask({ op: 'resize', id, rows, columns })
  }

  /** Whether there is a keeper to ask. */
  get connected(): boolean {
    return this.#control !== undefined
  }

  /** How many keepers were lost so far. */
  get losses(): number {
    return this.#losses
  }

  /** Whether this daemon asked this keeper to start it. */
  hasAsked(id: string): boolean {
    return this.#asked.has(id)
  }

  forget(id: string): Promise<Answer> {
    this.#asked.delete(id)
    return this.#ask({ op: 'forget', id })
  }

  /** Name tables and resolvers; in force before a process that is started after this call. */
  names(news: NameNews): Promise<Answer> {
    return this.#ask({ op: 'names', news })
  }

  ports(ports: PortsOfContainer): Promise<Answer> {
    return this.#ask({ op: 'ports', ports })
  }

  portHolders(containers: readonly string[]): Promise<Answer> {
    return this.#ask({ op: 'port-holders', containers })
  }

  /** Has the keeper hold what this daemon listens on, or, without it, let go of what it holds by that name. */
  holdListener(name: string, listener: ListenerSpec | undefined): Promise<Answer> {
    return this.#ask({ op: 'hold-listener', name, listener })
  }

  /** What the keeper holds of the daemon before this one. */
  async listener(name: string, address: string): Promise<Descriptor | undefined> {
    const answer = await this.#ask({ op: 'listener', name, address })
    return answer.ok ? answer.listener : undefined
  }

  /** From now on the keeper starts this daemon again when it dies. */
  guard(daemon: DaemonSpec): Promise<Answer> {
    return this.#ask({ op: 'guard', daemon })
  }

  /** The daemon ends on purpose: the keeper lets it. */
  release(): Promise<Answer> {
    if (this.#control === undefined) throw keeperDied()
    return this.#ask({ op: 'release' })
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
    const socket = await this.#whileAlive(() => this.#connect())
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
    // What is written alone lacks the line's end when that fails; of several lines that were kept back, some may have arrived.
    const isAlone = control.destroyed || control.writableLength === 0
    return new Promise((resolve) => {
      this.#waiting.set(number, resolve)
      control.write(`${JSON.stringify({ ...request, number } satisfies Numbered<Request>)}\n`, (error) => {
        if (isAlone && error !== null && error !== undefined) resolve(neverRead)
      })
    })
  }

  #answered(answer: Numbered<Answer>): void {
    this.#waiting.get(answer.number)?.(answer)
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
    for (const resolve of this.#waiting.values()) resolve(unanswered)
    this.#waiting.clear()
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
  return new GalleyError('unavailable', 'the keeper is being restarted', { advice: 'Try again in a second.' })
}

function readLines(socket: Socket, onLine: (line: string) => void): void {
  const buffer = new LineBuffer()
  socket.setEncoding('utf8')
  socket.on('data', (text: string) => buffer.push(text).forEach(onLine))
}
