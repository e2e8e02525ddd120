import { spawn } from 'node:child_process'
import { closeSync, constants, existsSync, mkdirSync, openSync, readFileSync, unlinkSync, watch, writeSync, type FSWatcher } from 'node:fs'
import { Socket } from 'node:net'
import { ReadStream, WriteStream } from 'node:tty'
import { makeFifo } from '#host/kernel/fifo.ts'
import { withoutCgroup2 } from '#host/oci-runtime/hybrid.ts'
import { duplicate, resizeTerminal } from '#host/tty/resize.ts'
import { ConsoleSocket } from './console-socket.ts'
import { LogFile } from './log-file.ts'
import { frame, type Answer, type ProcessSpec } from './protocol.ts'

/**
 * Runs the command, then records its exit code in `exit`. The FIFOs would lose what nobody has read yet when their last
 * user goes, so the shell holds their reading ends until a keeper has acknowledged. Built-ins only: nothing is forked.
 */
const script = '"$@"; echo $? >"$0/exit"; exec 3<"$0/stdout" 4<"$0/stderr" >/dev/null 2>&1; read -r _ <"$0/ack"'
const terminalScript = '"$@"; echo $? >"$0/exit"'

/** A client's end of a process's streams. */
export interface Attachment {
  readonly socket: Socket
  readonly stdout: boolean
  readonly stderr: boolean
}

export interface Listener {
  running(id: string, pid: number): void
  exit(id: string, code: number, at: number): void
}

/**
 * One process that outlives the daemon. Its output goes through FIFOs that it opened for reading and writing itself, so
 * that it neither blocks nor dies while no keeper runs; the shell around it records its exit code, whoever dies.
 */
export class HeldProcess {
  readonly id: string
  readonly #listener: Listener
  readonly #attachments = new Set<Attachment>()
  readonly #open = new Set<Socket>()
  #spec: ProcessSpec | undefined
  #log: LogFile | undefined
  #input: Socket | undefined
  #console: ConsoleSocket | undefined
  #terminal: number | undefined
  #watcher: FSWatcher | undefined
  #early: Buffer[] = []
  #inputEnded = false
  #ack: number | undefined
  #pid = 0
  #exited: { code: number; at: number } | undefined
  #size: { rows: number; columns: number } | undefined
  #started: ((answer: Answer) => void) | undefined

  constructor(id: string, listener: Listener) {
    this.id = id
    this.#listener = listener
  }

  /** What a new watcher must be told. */
  report(listener: Listener): void {
    if (this.#pid !== 0) listener.running(this.id, this.#pid)
    if (this.#exited !== undefined) listener.exit(this.id, this.#exited.code, this.#exited.at)
  }

  /** Starts the process; answers when it runs or could not be started. */
  start(spec: ProcessSpec, cgroup2: string | undefined): Promise<Answer> {
    this.#spec = spec
    const { directory } = spec
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    for (const name of ['pid', 'exit', 'runtime.log', 'stdin', 'stdout', 'stderr', 'ack']) removeIfThere(`${directory}/${name}`)
    const answer = new Promise<Answer>((resolve) => (this.#started = resolve))
    this.#watch(directory)
    if (spec.log !== undefined) this.#log = new LogFile(spec.log)
    const stdio = spec.tty ? this.#openTerminal(directory) : this.#openFifos(directory)
    const child = withoutCgroup2(cgroup2, () =>
      spawn('/bin/sh', ['-c', spec.tty ? terminalScript : script, directory, ...spec.command], {
        stdio,
        detached: true,
        cwd: '/',
        env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
      }),
    )
    for (const fd of stdio) if (typeof fd === 'number') closeSync(fd)
    child.on('error', (error) => this.#end(125, error.message))
    child.on('exit', () => {
      this.#look()
      this.#end(137, 'the process around the container was killed')
      if (this.#ack !== undefined) closeSync(this.#ack)
    })
    return answer
  }

  /** Takes a process over that a keeper before this one started. */
  adopt(spec: ProcessSpec): void {
    this.#spec = spec
    if (spec.log !== undefined) this.#log = new LogFile(spec.log)
    this.#watch(spec.directory)
    if (!spec.tty)
      for (const [name, stream] of [
        ['stdout', 1],
        ['stderr', 2],
      ] as const)
        this.#read(reopenFifo(`${spec.directory}/${name}`), stream)
    this.#look()
  }

  attach(attachment: Attachment, stdin: boolean): void {
    const { socket } = attachment
    if (this.#exited !== undefined) {
      socket.end()
      return
    }
    this.#attachments.add(attachment)
    socket.on('close', () => this.#attachments.delete(attachment))
    socket.on('error', () => socket.destroy())
    if (!stdin) {
      socket.resume()
      return
    }
    socket.on('data', (chunk: Buffer) => this.#write(chunk))
    socket.on('end', () => {
      if (this.#spec?.tty !== true && this.#spec?.stdinOnce !== false) this.#endInput()
    })
  }

  resize(rows: number, columns: number): void {
    this.#size = { rows, columns }
    if (this.#terminal !== undefined && rows > 0 && columns > 0) resizeTerminal(this.#terminal, rows, columns)
  }

  #openFifos(directory: string): (number | 'ignore')[] {
    for (const name of ['stdout', 'stderr', 'ack']) makeFifo(`${directory}/${name}`)
    const ends = (['stdout', 'stderr'] as const).map((name, index) => {
      this.#read(openSync(`${directory}/${name}`, constants.O_RDONLY | constants.O_NONBLOCK), (index + 1) as 1 | 2)
      return openSync(`${directory}/${name}`, constants.O_RDWR)
    })
    return [this.#spec?.stdin === true ? this.#openInput(`${directory}/stdin`) : 'ignore', ...ends]
  }

  #openInput(path: string): number {
    makeFifo(path)
    const reading = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    const writing = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK)
    this.#useInput(new Socket({ fd: writing, readable: false, writable: true }))
    // The first description is non-blocking, which programs do not expect of their input: open the FIFO once more.
    const blocking = openSync(path, constants.O_RDONLY)
    closeSync(reading)
    return blocking
  }

  #useInput(input: Socket): void {
    this.#input = input
    input.on('error', () => input.destroy())
    for (const chunk of this.#early) input.write(chunk)
    this.#early = []
    if (this.#inputEnded) input.end()
  }

  #openTerminal(directory: string): 'ignore'[] {
    this.#console = new ConsoleSocket(`${directory}/console.sock`, (fd) => {
      this.#terminal = fd
      if (this.#size !== undefined) this.resize(this.#size.rows, this.#size.columns)
      this.#listen(new ReadStream(duplicate(fd)), 1)
      this.#useInput(new WriteStream(duplicate(fd)))
    })
    return ['ignore', 'ignore', 'ignore']
  }

  #read(fd: number, stream: 1 | 2): Socket {
    return this.#listen(new Socket({ fd, readable: true, writable: false }), stream)
  }

  #listen(source: Socket, stream: 1 | 2): Socket {
    this.#open.add(source)
    source.on('data', (chunk: Buffer) => this.#output(stream, chunk, source))
    source.on('error', () => source.destroy())
    source.on('close', () => {
      this.#open.delete(source)
      this.#look()
    })
    return source
  }

  #output(stream: 1 | 2, chunk: Buffer, source: Socket): void {
    this.#log?.write(stream === 1 ? 'stdout' : 'stderr', chunk)
    const data = this.#spec?.tty === true ? chunk : frame(stream, chunk)
    for (const attachment of this.#attachments) {
      if (!(stream === 1 ? attachment.stdout : attachment.stderr)) continue
      if (attachment.socket.write(data) || attachment.socket.writableLength < 16 << 20) continue
      // A reader this far behind holds its process back, as Docker's does, until it reads or goes.
      source.pause()
      const go = (): unknown => source.resume()
      attachment.socket.once('drain', go).once('close', go)
    }
  }

  #write(chunk: Buffer): void {
    if (this.#input === undefined) this.#early.push(chunk)
    else if (this.#input.writable) this.#input.write(chunk)
  }

  #endInput(): void {
    this.#inputEnded = true
    this.#input?.end()
  }

  #watch(directory: string): void {
    this.#watcher = watch(directory, (_event, name) => {
      if (name === 'pid' || name === 'exit') this.#look()
    })
  }

  /** Level, not edge: looks at what the files say, whatever called. */
  #look(): void {
    const spec = this.#spec
    if (spec === undefined || this.#exited !== undefined) return
    if (this.#pid === 0) this.#sawPid(readNumber(`${spec.directory}/pid`))
    const code = readNumber(`${spec.directory}/exit`)
    if (code === undefined || (this.#open.size > 0 && !spec.tty)) return
    this.#end(code, this.#pid === 0 || code === 1 ? readText(`${spec.directory}/runtime.log`) : '')
  }

  #sawPid(pid: number | undefined): void {
    if (pid === undefined) return
    this.#pid = pid
    this.#listener.running(this.id, pid)
    this.#started?.({ ok: true, pid })
    this.#started = undefined
  }

  #end(code: number, error: string): void {
    if (this.#exited !== undefined) return
    this.#exited = { code, at: Date.now() }
    this.#started?.(error === '' ? { ok: true, pid: 0 } : { ok: false, error })
    this.#started = undefined
    if (this.#spec?.tty === false && existsSync(`${this.#spec.directory}/ack`)) this.#ack = acknowledge(`${this.#spec.directory}/ack`)
    this.#watcher?.close()
    this.#console?.[Symbol.dispose]()
    this.#log?.[Symbol.dispose]()
    this.#input?.destroy()
    for (const source of this.#open) source.destroy()
    if (this.#terminal !== undefined) closeSync(this.#terminal)
    this.#terminal = undefined
    for (const { socket } of this.#attachments) socket.end()
    this.#listener.exit(this.id, code, this.#exited.at)
  }

  get exited(): boolean {
    return this.#exited !== undefined
  }
}

/** Lets the shell around an ended process go; the line stays in the FIFO while this descriptor is open. */
function acknowledge(path: string): number {
  const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK)
  writeSync(fd, '\n')
  return fd
}

/** A FIFO whose writers all left before it was opened tells no end until one more came and went. */
function reopenFifo(path: string): number {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  closeSync(openSync(path, constants.O_WRONLY | constants.O_NONBLOCK))
  return fd
}

function removeIfThere(path: string): void {
  if (existsSync(path)) unlinkSync(path)
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return ''
  }
}

function readNumber(path: string): number | undefined {
  const text = readText(path)
  return text === '' ? undefined : Number(text)
}
