import { mkdirSync } from 'node:fs'
import { Socket } from 'node:net'
import type { ReadStream } from 'node:tty'
import type { Clock } from '#base/clock.ts'
import { frame } from '#base/frame-buffer.ts'
import { LogFile } from './log-file.ts'
import { Progress } from './progress.ts'
import type { ProcessSpec } from './protocol.ts'
import { Spool } from './spool.ts'

/** A client's end of a process's streams. */
export interface Attachment {
  readonly socket: Socket
  readonly stdout: boolean
  readonly stderr: boolean
  /** Whether the client reads the log first: it then gets what has no newline yet, and so is not in there. */
  readonly afterLog?: boolean
}

/** What a process's output is read from. */
type Source = Pick<Socket, 'pause' | 'resume' | 'isPaused' | 'destroy'> | Spool

/** Where a process's spools and its progress are kept, below its directory; the directory itself is watched. */
const spoolDirectory = 'spool'
/** What a new run must not find of the one before it. */
export const spoolFiles = ['stdout', 'stderr', 'progress'].map((name) => `${spoolDirectory}/${name}`)

/** A client that has more than this many bytes unread holds its process back, as Docker's does. */
const mostUnread = 16 << 20

/** Carries a process's output to its log and to the clients that are attached. */
export class Outputs implements Disposable {
  readonly #clock: Clock
  readonly #onClosed: () => void
  readonly #attachments = new Set<Attachment>()
  readonly #sources = new Set<Source>()
  #spec: ProcessSpec | undefined
  #log: LogFile | undefined
  #progress: Progress | undefined
  #over = false
  /** What was written before the process ran: the runtime's own words if it never does, which its log has too. */
  #early: (readonly [stream: 1 | 2, chunk: Buffer, source: Source])[] | undefined

  /** `onClosed` is told whenever one of the sources has ended. */
  constructor(clock: Clock, onClosed: () => void) {
    this.#clock = clock
    this.#onClosed = onClosed
  }

  /** `running` when the process is taken over; of another, nothing is passed on before `started`. */
  begin(spec: ProcessSpec, running: boolean): void {
    this.#spec = spec
    this.#early = running ? undefined : []
    if (spec.log === undefined || this.#log !== undefined) return
    // A terminal's output goes with the keeper: nobody reads on.
    if (spec.consoleSocket === undefined) {
      mkdirSync(`${spec.directory}/${spoolDirectory}`, { recursive: true, mode: 0o700 })
      this.#progress = new Progress(`${spec.directory}/${spoolDirectory}/progress`)
    }
    this.#log = new LogFile(spec.log, this.#progress)
  }

  started(): void {
    const early = this.#early ?? []
    this.#early = undefined
    for (const [stream, chunk, source] of early) this.#carry(stream, chunk, source)
  }

  add(attachment: Attachment): void {
    const { socket } = attachment
    if (this.#over) {
      socket.end()
      return
    }
    this.#attachments.add(attachment)
    if (attachment.afterLog === true) this.#sendUnlogged(attachment)
    socket.on('close', () => this.#attachments.delete(attachment))
  }

  /** Takes what comes by a FIFO, of which `fd` is the reading end, opened without blocking; what is to be logged is not lost with this keeper. */
  read(fd: number, stream: 1 | 2): void {
    const progress = this.#progress
    if (progress === undefined) {
      this.listen(new Socket({ fd, readable: true, writable: false }), stream)
      return
    }
    const name = stream === 1 ? 'stdout' : 'stderr'
    const path = `${this.#spec?.directory}/${spoolDirectory}/${name}`
    const spool: Spool = new Spool(
      { fifo: fd, path, from: progress.position[name] },
      {
        data: (chunk) => this.#carry(stream, chunk, spool),
        done: () => progress.position[name],
        closed: () => this.#closed(spool),
      },
    )
    this.#sources.add(spool)
    spool.start()
  }

  /** Takes what `source` reads for the process's stdout (1; a terminal's only one) or stderr (2). */
  listen(source: Socket | ReadStream, stream: 1 | 2): void {
    this.#sources.add(source)
    source.on('data', (chunk: Buffer) => this.#carry(stream, chunk, source))
    source.on('error', () => source.destroy())
    source.on('close', () => this.#closed(source))
  }

  #closed(source: Source): void {
    this.#sources.delete(source)
    this.#onClosed()
  }

  /** Whether the process, or somebody who has inherited its output, can still write. */
  get open(): boolean {
    return this.#sources.size > 0
  }

  /** Whether a client that reads too slowly holds the process back right now. */
  get heldBack(): boolean {
    return [...this.#sources].some((source) => source.isPaused())
  }

  get attached(): boolean {
    return this.#attachments.size > 0
  }

  /** Takes what a process has written by now, which this keeper may not have come to read yet. A terminal's comes as it is read. */
  drain(): void {
    for (const source of this.#sources) if (source instanceof Spool) source.drain()
  }

  /** Everything has been read: the log is complete, and clients are told. */
  [Symbol.dispose](): void {
    this.#over = true
    this.#log?.[Symbol.dispose]()
    this.#log = undefined
    this.#progress?.[Symbol.dispose]()
    for (const source of this.#sources) source.destroy()
    for (const { socket } of this.#attachments) socket.end()
  }

  #carry(stream: 1 | 2, chunk: Buffer, source: Source): void {
    if (this.#early !== undefined) {
      this.#early.push([stream, chunk, source])
      return
    }
    this.#log?.write(stream === 1 ? 'stdout' : 'stderr', chunk)
    if (this.#attachments.size === 0) return
    const data = this.#framed(stream, chunk)
    for (const { socket, stdout, stderr } of this.#attachments) {
      if (!(stream === 1 ? stdout : stderr)) continue
      if (!socket.write(data) && socket.writableLength >= mostUnread) this.#holdBack(source, socket)
    }
  }

  #sendUnlogged({ socket, stdout, stderr }: Attachment): void {
    for (const [name, rest] of this.#log?.unwritten ?? []) {
      const stream = name === 'stdout' ? 1 : 2
      if (rest.length > 0 && (stream === 1 ? stdout : stderr)) socket.write(this.#framed(stream, rest))
    }
  }

  #framed(stream: 1 | 2, chunk: Buffer): Buffer {
    const framed = this.#spec?.framed ?? this.#spec?.consoleSocket === undefined
    return framed ? frame(stream, chunk) : chunk
  }

  /** Reads no more of `source` until the client has caught up, has gone, or has been patiently waited for. */
  #holdBack(source: Source, client: Socket): void {
    source.pause()
    const limit = this.#patience(client)
    const go = (): void => {
      limit?.[Symbol.dispose]()
      client.off('drain', go).off('close', go)
      source.resume()
    }
    client.on('drain', go).on('close', go)
  }

  #patience(client: Socket): Disposable | undefined {
    const patience = this.#spec?.patience
    if (patience === undefined) return undefined
    let timer: Disposable
    const waitFor = (unread: number): void => {
      timer = this.#clock.after(patience, () => {
        if (client.writableLength < unread) waitFor(client.writableLength)
        else client.destroy()
      })
    }
    waitFor(client.writableLength)
    return { [Symbol.dispose]: () => timer[Symbol.dispose]() }
  }
}
