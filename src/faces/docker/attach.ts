import type { Duplex } from 'node:stream'
import { sleep, systemClock } from '#base/clock.ts'
import { GalleyError } from '#base/error.ts'
import { eventAttributes } from '#engine/containers/create.ts'
import type { Engine } from '#engine/containers/engine.ts'
import { logSpec } from '#engine/containers/start.ts'
import { logEnd } from '#keeper/log-file.ts'
import { parseDetachKeys } from './detach-keys.ts'
import { hijack, join } from './hijack.ts'
import { writePastLogs } from './logs.ts'
import { flag, type Call } from './route.ts'

export interface Streams {
  /** Whether what happens from now on is wanted at all. */
  readonly stream: boolean
  readonly stdin: boolean
  readonly stdout: boolean
  readonly stderr: boolean
}

/** `POST /containers/{id}/attach`: what was logged before (`logs`), and the streams from now on (`stream`). */
export async function attach(engine: Engine, call: Call): Promise<void> {
  await attachBy(engine, call, { streams: wantedStreams(call), accept: (tty) => hijack(call, tty) })
}

export function wantedStreams({ query }: Call): Streams {
  return { stream: flag(query, 'stream'), stdin: flag(query, 'stdin'), stdout: flag(query, 'stdout'), stderr: flag(query, 'stderr') }
}

/** Attaches whom `accept` makes of the request's connection. Throws, before that, `not found`, `invalid` (detach keys), `conflict` (paused). */
export async function attachBy(
  engine: Engine,
  call: Call,
  { streams, accept }: { readonly streams: Streams; readonly accept: (tty: boolean) => Promise<Duplex> },
): Promise<void> {
  const container = engine.containers.get(call.params['id'] ?? '')
  const { Tty, OpenStdin } = container.config
  const keys = parseDetachKeys(call.query.get('detachKeys') ?? '')
  if (container.state.status === 'paused')
    throw new GalleyError('conflict', `container ${container.id} is paused, unpause the container before attach`)
  const { stream, stdout, stderr } = streams
  const stdin = stream && streams.stdin && OpenStdin
  const log = flag(call.query, 'logs') ? logSpec(engine, container)?.path : undefined
  const process = stream ? await engine.keeper.attachAfter(container.id, { stdin, stdout, stderr, log }) : undefined
  const end = process === undefined && log !== undefined ? logEnd(log) : process?.logged
  const client = await accept(Tty).catch((error: unknown) => {
    process?.socket.destroy()
    throw error
  })
  if (end !== undefined)
    await writePastLogs(engine, container, client, { stdout, stderr, end }).catch((error: unknown) => {
      // The answer's head is out: a cut connection is all that can be said.
      client.destroy()
      process?.socket.destroy()
      throw error
    })
  engine.events.emit('container', 'attach', container.id, eventAttributes(container))
  if (process === undefined) client.end()
  else if (await remembered(container.id, join(client, process.socket, { detachKeys: Tty ? keys : undefined })))
    engine.events.emit('container', 'detach', container.id, eventAttributes(container))
}

/** Milliseconds for which clients that read slowly keep others from being told of the end. */
const patience = 1000
/** Clients that are attached to a container, each until it has been given all. */
const attached = new Map<string, Set<Promise<unknown>>>()

async function remembered<T>(container: string, joined: Promise<T>): Promise<T> {
  const all = attached.get(container) ?? new Set()
  attached.set(container, all.add(joined))
  try {
    return await joined
  } finally {
    all.delete(joined)
    if (all.size === 0) attached.delete(container)
  }
}

/** The clients that are attached to a container which has ended have been given its output; a client that waits for the end looks at it then. */
export async function outputGiven(container: string): Promise<void> {
  const all = attached.get(container)
  if (all === undefined) return
  const waiting = new AbortController()
  await Promise.race([Promise.allSettled(all), sleep(systemClock, patience, waiting.signal).catch(() => undefined)])
  waiting.abort()
}

/** `POST /containers/{id}/resize`. The size of one that has not been started yet waits for its start. Throws `conflict` for one that has ended. */
export async function resize(engine: Engine, call: Call): Promise<void> {
  const container = engine.containers.get(call.params['id'] ?? '')
  const { id, state } = container
  const size = sizeOf(call)
  if (state.status !== 'running' && state.status !== 'created') throw new GalleyError('conflict', `container ${id} is not running`)
  // A process may look before the keeper has its terminal: the runtime makes it in that size.
  if (state.status === 'created' && size.every((value) => value > 0)) container.terminalSize = size
  await engine.keeper.resize(id, ...size)
  const [height, width] = size.map(String) as [string, string]
  engine.events.emit('container', 'resize', id, { ...eventAttributes(container), height, width })
}

/** Rows and columns of a resize request. Throws `invalid`. */
export function sizeOf({ query }: Call): [number, number] {
  return [sideOf('height', query.get('h') ?? ''), sideOf('width', query.get('w') ?? '')]
}

/** In the words of Docker, which takes a number of 32 bits. */
function sideOf(side: string, text: string): number {
  const wrong = !/^-?\d+$/.test(text) ? 'invalid syntax' : Number(text) < 0 || Number(text) >= 2 ** 32 ? 'value out of range' : undefined
  if (wrong !== undefined) throw new GalleyError('invalid', `invalid resize ${side} ${JSON.stringify(text)}: ${wrong}`, { subject: side })
  return Number(text)
}
