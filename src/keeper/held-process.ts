import { closeSync, constants, existsSync, mkdirSync, openSync, unlinkSync, watch, type FSWatcher } from 'node:fs'
import { dirname } from 'node:path'
import { ReadStream, WriteStream } from 'node:tty'
import type { Clock } from '#base/clock.ts'
import { messageOf } from '#base/error.ts'
import { enlargePipe, makeFifo } from '#host/kernel/fifo.ts'
import { openTerminal } from '#host/tty/open.ts'
import { duplicate, resizeTerminal } from '#host/tty/resize.ts'
import { ConsoleSocket } from './console-socket.ts'
import { AwaitedDocument, writeDocument } from './document.ts'
import { Input } from './input.ts'
import { Outputs, spoolFiles, type Attachment } from './outputs.ts'
import type { Answer, ProcessSpec } from './protocol.ts'
import { endRuntime, endShell, readNumber, readText, recordedExit, shellOf, startShell, type Surroundings } from './shell.ts'

export interface Listener {
  running(id: string, pid: number): void
  exit(id: string, code: number, at: number): void
  /** One that was prepared has ended, and will not be started. */
  unused(id: string, directory: string): void
}

interface Exit {
  readonly code: number
  /** Milliseconds since the epoch. */
  readonly at: number
}

/** Milliseconds for which what is still in the pipes of an ended process is waited for, while others hold them open (moby: 2 s). */
const grace = 2000
/** Milliseconds for which a prepared process waits to be started. */
const readiness = 10_000
/** Milliseconds after which files that can't be read now are looked at again. */
const pause = 500
/** Of a process whose shell was killed, so that nobody saw its exit code; as Docker reports a killed shim. */
const unseen = 137

/**
 * One process that outlives the daemon. Its output goes through FIFOs that it opened for reading and writing itself, so
 * that it neither blocks nor dies while no keeper runs; the shell around it records its exit code, whoever dies.
 */
export class HeldProcess implements Disposable {
  readonly id: string
  readonly #listener: Listener
  readonly #clock: Clock
  readonly #outputs: Outputs
  readonly #input = new Input()
  #spec: ProcessSpec | undefined
  #console: ConsoleSocket | undefined
  #terminal: number | undefined
  #watcher: FSWatcher | undefined
  #grace: { over: boolean; readonly timer: Disposable } | undefined
  /** While it lives, if this keeper started it. */
  #shell: number | undefined
  #shellGone = false
  /** Whether all who could write output have gone. */
  #written = false
  #pid = 0
  #exited: Exit | undefined
  #size: { rows: number; columns: number } | undefined
  #started: ((answer: Answer) => void) | undefined
  #document: AwaitedDocument | undefined
  /** Of a process that is prepared, until it is started: its patience. */
  #prepared: Disposable | undefined

  constructor(id: string, listener: Listener, clock: Clock) {
    this.id = id
    this.#listener = listener
    this.#clock = clock
    this.#outputs = new Outputs(clock, () => {
      this.#written ||= !this.#outputs.open
      this.#look()
    })
  }

  /** What a new watcher must be told. */
  report(listener: Listener): void {
    if (this.#pid !== 0) listener.running(this.id, this.#pid)
    if (this.#exited !== undefined && this.#prepared === undefined) listener.exit(this.id, this.#exited.code, this.#exited.at)
  }

  get exited(): boolean {
    return this.#exited !== undefined
  }

  /** Ends a session that was prepared and not started, if it is the container's: its directory lies in that one's, which has its id for a name. */
  dropPrepared(container: string): void {
    const directory = this.#spec?.directory
    if (directory?.split('/').includes(container) === true) this.#drop(directory)
  }

  /** At once, not when the death of the runtime is noticed: it must not be told what to run meanwhile. */
  #drop(directory: string): void {
    if (this.#prepared === undefined) return
    endRuntime(directory)
    this.#end({ code: unseen, at: this.#clock.now() }, '')
  }

  /** One that a client is attached to already is about to be started. */
  #waitToBeStarted(directory: string): Disposable {
    return this.#clock.after(readiness, () => {
      try {
        if (!this.#outputs.attached) return this.#drop(directory)
      } catch (error) {
        // Without a free descriptor its runtime can't be found, and would wait for ever.
        process.stderr.write(`${this.id}: ${messageOf(error)}\n`)
      }
      this.#prepared &&= this.#waitToBeStarted(directory)
    })
  }

  /** Nothing was started under this id, and nobody waits for it to be. */
  get idle(): boolean {
    return this.#spec === undefined && !this.#outputs.attached
  }

  /** Starts the process, prepared or not; answers when it runs or could not be started. */
  start(spec: ProcessSpec, cgroup2: string | undefined): Promise<Answer> {
    const answer = new Promise<Answer>((resolve) => (this.#started = resolve))
    try {
      this.#begin(spec, cgroup2)
    } catch (error) {
      this.refuse(error)
    }
    return answer
  }

  /** It can't be started: clients that are attached already learn of that by the end of their streams. */
  refuse(error: unknown): void {
    this.#started ??= () => undefined
    this.#end({ code: 125, at: this.#clock.now() }, messageOf(error))
  }

  #begin(spec: ProcessSpec, cgroup2: string | undefined): void {
    const { directory, document } = spec
    if (this.#prepared === undefined) {
      this.#makeDirectory(directory)
      if (document !== undefined) writeDocument(directory, document)
      this.#launch(spec, cgroup2)
    } else {
      this.#prepared[Symbol.dispose]()
      this.#prepared = undefined
      this.#spec = spec
      this.#outputs.begin(spec, false)
      this.#document?.tell(document ?? '')
    }
  }

  /** Starts the runtime, which waits for what it is to run; once. Where that fails, the next start is one like any other. */
  prepare(spec: ProcessSpec, cgroup2: string | undefined): void {
    if (this.#spec !== undefined) return
    this.#spec = spec
    this.#prepared = this.#waitToBeStarted(spec.directory)
    try {
      this.#makeDirectory(spec.directory)
      this.#document = new AwaitedDocument(spec.directory, this.#clock)
      this.#launch(spec, cgroup2)
    } catch (error) {
      this.refuse(error)
    }
  }

  #makeDirectory(directory: string): void {
    makeDirectory(directory)
    for (const name of ['pid', 'exit', 'shell', 'runtime.log', 'stdin', 'stdout', 'stderr', 'ack', 'process.json', ...spoolFiles])
      removeIfThere(`${directory}/${name}`)
  }

  #launch(spec: ProcessSpec, cgroup2: string | undefined): void {
    this.#spec = spec
    this.#watch(spec.directory)
    this.#outputs.begin(spec, false)
    this.#startShell(spec, cgroup2)
  }

  /** Takes a process over that a keeper before this one started. Where that fails, dispose of this; another one can take it over. */
  adopt(spec: ProcessSpec): void {
    this.#spec = spec
    this.#shellGone = shellOf(spec.directory) === undefined
    this.#watch(spec.directory)
    this.#outputs.begin(spec, true)
    if (spec.consoleSocket === undefined) {
      // All of them went with an uninstallation, which leaves how the process ended.
      for (const [index, path] of ['stdout', 'stderr'].map((name) => `${spec.directory}/${name}`).entries())
        if (existsSync(path)) this.#outputs.read(reopenFifo(path), index === 0 ? 1 : 2)
      // With `stdinOnce`, the client that the input ended with was attached through the keeper that died.
      if (spec.stdin && !spec.stdinOnce) this.#input.reopen(`${spec.directory}/stdin`)
    }
    this.#look()
  }

  attach(attachment: Attachment, stdin: boolean): void {
    const { socket } = attachment
    socket.on('error', () => socket.destroy())
    this.#outputs.add(attachment)
    if (this.#exited !== undefined || !stdin) socket.resume()
    else
      this.#input.take(socket, () => {
        if (this.#spec?.consoleSocket === undefined && this.#spec?.stdinOnce !== false) this.#input.end()
      })
  }

  resize(rows: number, columns: number): void {
    this.#size = { rows, columns }
    if (this.#terminal !== undefined && rows > 0 && columns > 0) resizeTerminal(this.#terminal, rows, columns)
  }

  #openFifos(directory: string): (number | 'ignore')[] {
    makeFifo(`${directory}/ack`)
    const ends: number[] = []
    try {
      for (const [index, name] of ['stdout', 'stderr'].entries()) {
        const path = `${directory}/${name}`
        makeFifo(path)
        this.#outputs.read(openSync(path, constants.O_RDONLY | constants.O_NONBLOCK), (index + 1) as 1 | 2)
        const end = openSync(path, constants.O_RDWR)
        ends.push(end)
        enlargePipe(end)
      }
      return [this.#spec?.stdin === true ? this.#input.open(`${directory}/stdin`) : 'ignore', ...ends]
    } catch (error) {
      ends.forEach(closeSync)
      throw error
    }
  }

  #startShell(spec: ProcessSpec, cgroup2: string | undefined): void {
    this.#shell = startShell(spec, { ...this.#streamsFor(spec), cgroup2 }, () => {
      this.#shell = undefined
      this.#shellGone = true
      this.#look()
    })
  }

  #streamsFor(spec: ProcessSpec): Pick<Surroundings, 'stdio' | 'terminal'> {
    if (spec.consoleSocket === undefined) return { stdio: this.#openFifos(spec.directory) }
    if (spec.relaysTerminal === true) {
      const { fd, path } = openTerminal()
      this.#useTerminal(fd)
      return { terminal: path }
    }
    this.#console = new ConsoleSocket(spec.consoleSocket, (fd) => this.#useTerminal(fd))
    return {}
  }

  /** `fd` is the controlling side. */
  #useTerminal(fd: number): void {
    // It was on its way when its process ended.
    if (this.#exited !== undefined) return closeSync(fd)
    const [reading, writing] = this.#endsOf(fd)
    this.#terminal = fd
    if (this.#size !== undefined) this.resize(this.#size.rows, this.#size.columns)
    this.#outputs.listen(new ReadStream(reading), 1)
    this.#input.use(new WriteStream(writing))
  }

  /** Two descriptors more of a terminal, which is closed when there are none: its process hears of that, and does not wait for somebody to read. */
  #endsOf(fd: number): readonly [reading: number, writing: number] {
    using ends = new DisposableStack()
    ends.adopt(fd, closeSync)
    const reading = ends.adopt(duplicate(fd), closeSync)
    const writing = duplicate(fd)
    ends.move()
    return [reading, writing]
  }

  #watch(directory: string): void {
    this.#watcher = watch(directory, (_event, name) => {
      if (name === 'pid' || name === 'exit') this.#look()
    })
  }

  /** Level, not edge: looks at what the files say, whatever called. Where they can't be read, nothing is concluded from that. */
  #look(): void {
    try {
      this.#judge()
    } catch (error) {
      process.stderr.write(`${this.id}: ${messageOf(error)}\n`)
      this.#clock.after(pause, () => this.#look())
    }
  }

  #judge(): void {
    const spec = this.#spec
    if (spec === undefined || this.#exited !== undefined) return
    if (this.#pid === 0) this.#sawPid(readNumber(`${spec.directory}/pid`))
    // An adopted shell is not the keeper's child: that all writers have gone is what tells of its death.
    if (this.#written && this.#shell === undefined) this.#shellGone ||= shellOf(spec.directory) === undefined
    const exit = recordedExit(spec.directory)
    if (exit !== undefined) {
      if ((this.#outputs.open || this.#awaitsTerminal) && !this.#waitedLongEnough()) return
      this.#outputs.drain()
      this.#end(exit, readText(`${spec.directory}/runtime.log`))
    } else if (this.#shellGone && !this.#outputs.open) {
      // The container lives on without its shell; this is its end.
      this.#end({ code: unseen, at: this.#clock.now() }, readText(`${spec.directory}/runtime.log`))
    }
  }

  /** Its terminal is on its way: a process that ended at once may be heard of before that, and all that it wrote is in there. */
  get #awaitsTerminal(): boolean {
    return this.#console !== undefined && this.#terminal === undefined && this.#pid !== 0
  }

  /**
   * Whether to end though somebody holds the output open: a process left behind does not keep its session from ending. A slow
   * client's share is waited for, and so is a container that has outlived its runtime.
   */
  #waitedLongEnough(): boolean {
    if (this.#outputs.heldBack) this.#grace = undefined
    else if (this.#grace?.over === true) return !existsSync(`/proc/${this.#pid}`)
    this.#grace ??= this.#startGrace()
    return false
  }

  #startGrace(): { over: boolean; readonly timer: Disposable } {
    const state = {
      over: false,
      timer: this.#clock.after(grace, () => {
        state.over = true
        this.#look()
      }),
    }
    return state
  }

  #sawPid(pid: number | undefined): void {
    if (pid === undefined) return
    this.#pid = pid
    this.#document?.[Symbol.dispose]()
    this.#outputs.started()
    this.#listener.running(this.id, pid)
    this.#started?.({ ok: true, pid })
    this.#started = undefined
  }

  /** Lets go of what could not be taken over; nobody hears of it, and what runs goes on. */
  [Symbol.dispose](): void {
    // That its streams are closed here is no end.
    this.#spec = undefined
    this.#letGo()
  }

  #letGo(): void {
    using going = new DisposableStack()
    going.defer(() => {
      if (this.#terminal !== undefined) closeSync(this.#terminal)
      this.#terminal = undefined
    })
    going.use(this.#input)
    going.use(this.#outputs)
    going.use(this.#console)
    going.defer(() => this.#watcher?.close())
    going.use(this.#grace?.timer)
  }

  /** A process that never ran is a failed start, which the answer tells, not an exit. */
  #end(exit: Exit, runtimeLog: string): void {
    if (this.#exited !== undefined) return
    this.#exited = exit
    try {
      this.#letGo()
    } catch (error) {
      // Whoever waits for the end must hear of it all the same.
      process.stderr.write(`${this.id}: ${messageOf(error)}\n`)
    }
    if (this.#shell !== undefined) process.kill(this.#shell, 'SIGKILL')
    else if (this.#spec !== undefined && !this.#shellGone) endShell(this.#spec.directory)
    this.#document?.[Symbol.dispose]()
    this.#prepared?.[Symbol.dispose]()
    if (this.#prepared !== undefined) this.#listener.unused(this.id, this.#spec?.directory ?? '')
    else if (this.#started === undefined) this.#listener.exit(this.id, exit.code, exit.at)
    else this.#started({ ok: false, error: runtimeLog || `the runtime ended with code ${exit.code} before the process ran` })
    this.#started = undefined
  }
}

/** A FIFO whose writers all left before it was opened tells no end until one more came and went. */
function reopenFifo(path: string): number {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  closeSync(openSync(path, constants.O_WRONLY | constants.O_NONBLOCK))
  return fd
}

/**
 * The directory of a process, and the one that it lies in, as the first session of a container finds none. The container's own is not made
 * anew: the daemon removes it with the container, which may be while a session is asked for, and nobody would remove it again.
 */
function makeDirectory(directory: string): void {
  for (const each of [dirname(directory), directory]) if (!existsSync(each)) mkdirSync(each, { mode: 0o700 })
}

function removeIfThere(path: string): void {
  if (existsSync(path)) unlinkSync(path)
}
