import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, unlinkSync, writeFileSync } from 'node:fs'
import { unlink } from 'node:fs/promises'
import { messageOf } from '#base/error.ts'
import type { Log } from '#base/log.ts'
import { frame } from '../grpc/frames.ts'
import { statusResponse } from '../messages/control.ts'
import type { Status } from '../progress.ts'
import { decode, encode } from '../wire/message.ts'
import type { Origin, WrittenOrigin } from './origins.ts'

/** A build that was, or is under way. */
export interface BuildRecord {
  readonly ref: string
  readonly frontend: string
  readonly options: Readonly<Record<string, string>>
  readonly exporters: readonly { readonly type: string; readonly attributes: Readonly<Record<string, string>> }[]
  /** Milliseconds since the epoch. */
  readonly created: number
  /** Missing while it is under way. */
  readonly completed?: number
  readonly error?: string
  readonly answer?: Readonly<Record<string, string>>
  readonly steps: { readonly total: number; readonly completed: number; readonly cached: number; readonly warnings: number }
  readonly pinned: boolean
  /** Missing in the records of older versions, and where nothing came of it. */
  readonly origins?: readonly Origin[]
}

/** What a build told, and how its results were made. */
export interface Told {
  readonly log: readonly Status[]
  readonly origins: readonly WrittenOrigin[]
}

/** How many are remembered, beside those that somebody pinned. */
const most = 50
/** Bytes of a build's log that are kept. */
const mostLog = 2 << 20

/** The builds of this daemon and what they told, kept as two files each. */
export class History {
  readonly #directory: string
  readonly #log: Log
  readonly #active = new Map<string, BuildRecord>()
  #ended: Map<string, BuildRecord> | undefined
  #changed = Promise.withResolvers<void>()

  constructor(directory: string, log: Log) {
    this.#directory = directory
    this.#log = log
  }

  /** Newest first. */
  list(): BuildRecord[] {
    return [...this.#active.values(), ...this.#kept().values()].toSorted((a, b) => b.created - a.created)
  }

  begin(record: BuildRecord): void {
    this.#active.set(record.ref, record)
    this.#tell()
  }

  /** A build is none the worse for a disk that has no room for its record, which is then remembered only as long as the daemon lives. */
  end(ended: BuildRecord, { log, origins }: Told): void {
    const record = origins.length === 0 ? ended : { ...ended, origins: origins.map(({ origin }) => origin) }
    this.#active.delete(record.ref)
    this.#kept().set(record.ref, record)
    try {
      mkdirSync(this.#directory, { recursive: true, mode: 0o700 })
      writeFileSync(this.#path(record.ref, 'log'), logOf(log), { mode: 0o600 })
      if (origins.length > 0)
        writeFileSync(this.#path(record.ref, 'origins'), JSON.stringify(origins.map(({ text }) => text)), { mode: 0o600 })
      this.#write(record)
    } catch (error) {
      this.#log.warn('a build cannot be written to the history', { ref: record.ref, error: messageOf(error) })
      for (const path of [this.#path(record.ref, 'log'), this.#path(record.ref, 'origins'), `${this.#path(record.ref, 'json')}.new`])
        rmSync(path, { force: true })
    }
    for (const { ref } of this.list()
      .filter(({ pinned, completed }) => !pinned && completed !== undefined)
      .slice(most))
      this.delete(ref)
    this.#tell()
  }

  /** Keeps a record whatever its age, or no longer; false when there is none. */
  pin(ref: string, pinned: boolean): boolean {
    const record = this.list().find((each) => each.ref === ref && each.completed !== undefined)
    if (record !== undefined) this.#write({ ...record, pinned })
    return record !== undefined
  }

  delete(ref: string): void {
    this.#kept().delete(ref)
    for (const kind of ['json', 'log', 'origins'] as const) throwAway(this.#path(ref, kind))
    this.#tell()
  }

  /** What a build that has ended told; undefined when it isn't remembered. */
  log(ref: string): Status[] | undefined {
    const path = this.#path(ref, 'log')
    return existsSync(path) ? [...statusesIn(readFileSync(path))] : undefined
  }

  /** How a result was made, by the digest of that; undefined when no build that is remembered has it. */
  origin(digest: string): Buffer | undefined {
    for (const { ref, origins = [] } of this.#kept().values()) {
      const index = origins.findIndex((origin) => origin.digest === digest)
      const path = this.#path(ref, 'origins')
      if (index < 0 || !existsSync(path)) continue
      return Buffer.from((JSON.parse(readFileSync(path, 'utf8')) as readonly string[])[index] ?? '')
    }
    return undefined
  }

  /** Resolves with the next change. */
  get changed(): Promise<void> {
    return this.#changed.promise
  }

  #tell(): void {
    this.#changed.resolve()
    this.#changed = Promise.withResolvers()
  }

  #write(record: BuildRecord): void {
    const path = this.#path(record.ref, 'json')
    writeFileSync(`${path}.new`, JSON.stringify(record), { mode: 0o600 })
    renameSync(`${path}.new`, path)
    this.#kept().set(record.ref, record)
  }

  /** Those that have ended, by reference; read once, as nobody else writes them. */
  #kept(): Map<string, BuildRecord> {
    this.#ended ??= new Map(readRecords(this.#directory).map((record) => [record.ref, record]))
    return this.#ended
  }

  /** The client chose the reference: it names no file by itself. */
  #path(ref: string, kind: 'json' | 'log' | 'origins'): string {
    return `${this.#directory}/${createHash('sha256').update(ref).digest('hex')}.${kind}`
  }
}

/** Out of sight at once; the deletion itself waits for the disk for several milliseconds, which each build after the fiftieth would pay twice. */
function throwAway(path: string): void {
  if (!existsSync(path)) return
  renameSync(path, path + gone)
  // What is left over goes when the records are read again.
  unlink(path + gone).catch(() => undefined)
}

const gone = '.gone'

function readRecords(directory: string): BuildRecord[] {
  if (!existsSync(directory)) return []
  for (const name of readdirSync(directory)) if (name.endsWith(gone)) unlinkSync(`${directory}/${name}`)
  const names = readdirSync(directory).filter((name) => name.endsWith('.json') && statSync(`${directory}/${name}`).size > 0)
  return names.map((name) => JSON.parse(readFileSync(`${directory}/${name}`, 'utf8')) as BuildRecord)
}

/** The beginning, when it is too long. */
function logOf(statuses: readonly Status[]): Buffer {
  const frames: Buffer[] = []
  let size = 0
  for (const status of statuses) {
    const next = frame(encode(statusResponse, status))
    size += next.length
    if (size > mostLog) break
    frames.push(next)
  }
  return Buffer.concat(frames)
}

function* statusesIn(log: Buffer): Generator<Status> {
  for (let at = 0; at + 5 <= log.length;) {
    const end = at + 5 + log.readUInt32BE(at + 1)
    yield decode(statusResponse, log.subarray(at + 5, end))
    at = end
  }
}
