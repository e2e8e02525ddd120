import { once } from 'node:events'
import type { Writable } from 'node:stream'
import { GalleyError } from '#base/error.ts'
import type { Engine } from '#engine/containers/engine.ts'
import type { Container } from '#engine/containers/model.ts'
import { logSpec } from '#engine/containers/start.ts'
import { isRunning } from '#engine/containers/status.ts'
import { attributesOf } from '#engine/logs/options.ts'
import { readLog, type Follow } from '#engine/logs/read.ts'
import type { LogRecord } from '#keeper/log-format.ts'
import { frame } from '#base/frame-buffer.ts'
import type { LogEnd } from '#keeper/protocol.ts'
import { flag, moment, type Call } from './route.ts'

interface Wishes {
  readonly stdout: boolean
  readonly stderr: boolean
  readonly timestamps: boolean
  readonly details: boolean
  readonly follow: boolean
  /** Undefined for all lines. */
  readonly tail: number | undefined
  /** Milliseconds since the epoch. */
  readonly since: number
  readonly until: number
}

/** `GET /containers/{id}/logs`: records in the attach framing, raw for a terminal; each is a chunk of the answer, as Docker's are. */
export async function sendLogs(engine: Engine, container: Container, call: Call): Promise<void> {
  const wishes = wishesOf(call)
  const source = logSpec(engine, container)
  if (source === undefined) throw new GalleyError('not implemented', 'configured logging driver does not support reading')
  const { response } = call
  response.writeHead(200, {
    'content-type':
      container.config.Tty || call.minor < 42 ? 'application/vnd.docker.raw-stream' : 'application/vnd.docker.multiplexed-stream',
  })
  response.flushHeaders()
  // HTTP 1.0 knows no chunks. Node would make one of all that is written at once.
  const chunked = response.chunkedEncoding
  response.chunkedEncoding = false
  using end = new Ending(engine, call.signal, wishes)
  const follow = wishes.follow ? followOf(engine, container, end.signal) : undefined
  for await (const records of readLog(source, { tail: wishes.tail, follow })) {
    const bytes = encodeAll(records, container, { ...wishes, chunked })
    if (bytes.length > 0 && !response.write(bytes)) await drained(response, end.signal)
    if (end.signal.aborted || isPast(records.at(-1), wishes)) break
  }
  response.end(chunked ? '0\r\n\r\n' : '')
}

/** What a container has logged before `end`, in the framing of its attach stream, as fast as the client reads. */
export async function writePastLogs(
  engine: Engine,
  container: Container,
  client: Writable,
  { end, ...streams }: Pick<Wishes, 'stdout' | 'stderr'> & { readonly end: LogEnd },
): Promise<void> {
  const source = logSpec(engine, container)
  if (source === undefined) return
  const wishes = { ...streams, since: 0, until: Infinity, timestamps: false, details: false }
  const gone = new AbortController()
  client.once('close', () => gone.abort())
  // It has gone already, while it was to take the answer's head: it tells no more.
  if (client.destroyed) return
  for await (const records of readLog(source, { end })) {
    const bytes = encodeAll(records, container, wishes)
    if (bytes.length > 0 && !client.write(bytes)) await drained(client, gone.signal)
    if (client.destroyed) return
  }
}

function wishesOf({ query }: Call): Wishes {
  const [stdout, stderr, timestamps, details, follow] = ['stdout', 'stderr', 'timestamps', 'details', 'follow'].map((name) =>
    flag(query, name),
  ) as [boolean, boolean, boolean, boolean, boolean]
  if (!stdout && !stderr) throw new GalleyError('invalid', 'Bad parameters: you must choose at least one stream')
  const text = query.get('tail') ?? 'all'
  const since = moment(query, 'since') ?? 0
  // 0 is the parameter's default.
  const until = moment(query, 'until') || Infinity
  // Docker, too, takes what is no number for all lines.
  return { stdout, stderr, timestamps, details, follow, tail: /^\d+$/.test(text) ? Number(text) : undefined, since, until }
}

function isWanted({ stream, time }: LogRecord, wishes: Pick<Wishes, 'stdout' | 'stderr' | 'since' | 'until'>): boolean {
  const at = Date.parse(time)
  return wishes[stream] && at >= wishes.since && at <= wishes.until
}

function isPast(record: LogRecord | undefined, { until }: Wishes): boolean {
  return record !== undefined && Date.parse(record.time) > until
}

/** Those of the records that are wanted. */
function encodeAll(
  records: readonly LogRecord[],
  container: Container,
  { chunked = false, ...wishes }: Omit<Wishes, 'follow' | 'tail'> & { readonly chunked?: boolean },
): Buffer {
  const wanted = records.filter((record) => isWanted(record, wishes)).map((record) => encode(record, container, wishes))
  return Buffer.concat(chunked ? wanted.flatMap(chunkOf) : wanted)
}

const lineEnd = Buffer.from('\r\n')

/** RFC 9112, 7.1. rsyslog's imdocker takes a chunk for one record, and loses what else is in it. An empty one would end the answer. */
function chunkOf(bytes: Buffer): Buffer[] {
  return bytes.length === 0 ? [] : [Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, lineEnd]
}

function encode(
  { log, stream, time }: LogRecord,
  container: Container,
  { timestamps, details }: Pick<Wishes, 'timestamps' | 'details'>,
): Buffer {
  const text = Buffer.from(`${timestamps ? `${inFull(time)} ` : ''}${details ? `${detailsOf(container)} ` : ''}${log}`)
  return container.config.Tty ? text : frame(stream === 'stdout' ? 1 : 2, text)
}

/** `key=value`, comma-separated and in order, as Docker writes what the log options add to a record. */
function detailsOf(container: Container): string {
  return Object.entries(attributesOf(container))
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${encodeURIComponent(key)}=${encodeURIComponent(value)}`)
    .join(',')
}

function followOf(engine: Engine, { id }: Container, signal: AbortSignal): Follow {
  return {
    signal,
    ended() {
      const container = engine.containers.find(id)
      return container === undefined || !isRunning(container)
    },
    changed: (wake) => engine.events.listen((event) => event.id === id && wake()),
  }
}

/** Aborts when the client goes, or when a follower has come to `until`. */
class Ending implements Disposable {
  readonly signal: AbortSignal
  readonly #timer: Disposable | undefined

  constructor({ clock }: Engine, client: AbortSignal, { follow, until }: Wishes) {
    const due = new AbortController()
    this.signal = AbortSignal.any([client, due.signal])
    this.#timer = follow && until !== Infinity ? clock.after(Math.max(0, until - clock.now()), () => due.abort()) : undefined
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]()
  }
}

async function drained(response: Writable, signal: AbortSignal): Promise<void> {
  try {
    await once(response, 'drain', { signal })
  } catch {
    // The client has gone.
  }
}

/** With all nine digits of the second, as clients cut the time off by its length (moby, RFC3339NanoFixed). */
function inFull(time: string): string {
  return time.replace(/\.(\d+)Z$/, (_, digits: string) => `.${digits.padEnd(9, '0')}Z`)
}
