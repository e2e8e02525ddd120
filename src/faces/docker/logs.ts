import { once } from 'node:events'
import { existsSync } from 'node:fs'
import type { Writable } from 'node:stream'
import { GalleyError } from '#base/error.ts'
import type { Engine } from '#engine/containers/engine.ts'
import type { Container } from '#engine/containers/model.ts'
import { logPath } from '#engine/containers/start.ts'
import { isAlive } from '#engine/containers/stop.ts'
import { readLog, type LogRecord } from '#engine/logs/read.ts'
import { frame } from '#keeper/protocol.ts'
import { flag, type Call } from './route.ts'

/** `GET /containers/{id}/logs`: records in the attach framing, raw for a terminal. */
export async function sendLogs(engine: Engine, container: Container, call: Call): Promise<void> {
  const { query, response } = call
  const streams = { stdout: flag(query, 'stdout'), stderr: flag(query, 'stderr') }
  if (!streams.stdout && !streams.stderr) throw new GalleyError('invalid', 'Bad parameters: you must choose at least one stream')
  if (container.hostConfig.LogConfig.Type === 'none')
    throw new GalleyError('not implemented', 'configured logging driver does not support reading')
  const { Tty } = container.config
  response.writeHead(200, {
    'content-type': Tty || call.minor < 42 ? 'application/vnd.docker.raw-stream' : 'application/vnd.docker.multiplexed-stream',
  })
  response.flushHeaders()
  const timestamps = flag(query, 'timestamps')
  for await (const record of select(engine, container, call)) {
    if (!streams[record.stream]) continue
    const text = Buffer.from(timestamps ? `${record.time} ${record.log}` : record.log)
    if (!response.write(Tty ? text : frame(record.stream === 'stdout' ? 1 : 2, text)) && !call.signal.aborted)
      await once(response, 'drain', { signal: call.signal })
  }
  response.end()
}

/** What a container has logged until now, in the framing of its attach stream. */
export async function writePastLogs(
  engine: Engine,
  { id, config, hostConfig }: Container,
  client: Writable,
  streams: Readonly<Record<'stdout' | 'stderr', boolean>>,
): Promise<void> {
  if (hostConfig.LogConfig.Type === 'none' || !existsSync(logPath(engine, id))) return
  for await (const { stream, log } of readLog(logPath(engine, id), undefined)) {
    const text = Buffer.from(log)
    if (streams[stream]) client.write(config.Tty ? text : frame(stream === 'stdout' ? 1 : 2, text))
  }
}

async function* select(engine: Engine, container: Container, call: Call): AsyncGenerator<LogRecord> {
  const path = logPath(engine, container.id)
  const [since, until] = ['since', 'until'].map((name) => moment(call.query.get(name)))
  const inRange = ({ time }: LogRecord): boolean =>
    (since === undefined || Date.parse(time) >= since) && (until === undefined || Date.parse(time) <= until)
  const follow = flag(call.query, 'follow')
  const tail = call.query.get('tail')
  const { statSync } = await import('node:fs')
  if (statSync(path, { throwIfNoEntry: false }) === undefined && !follow) return
  const records = readLog(path, follow ? following(engine, container, call.signal) : undefined)
  if (tail === null || tail === '' || tail === 'all' || follow) {
    for await (const record of records) if (inRange(record)) yield record
    return
  }
  const last: LogRecord[] = []
  const most = Number(tail)
  for await (const record of records) {
    if (!inRange(record)) continue
    last.push(record)
    if (last.length > most) last.shift()
  }
  yield* last
}

function following(engine: Engine, container: Container, signal: AbortSignal) {
  return {
    signal,
    ended: () => !isAlive(engine.containers.find(container.id) ?? { ...container, state: { ...container.state, status: 'exited' } }),
    changed: (wake: () => void) => engine.events.listen((event) => event.id === container.id && wake()),
  }
}

function moment(text: string | null): number | undefined {
  if (text === null || text === '' || text === '0') return undefined
  return /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1000 : Date.parse(text)
}
