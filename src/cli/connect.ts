import type { IncomingMessage } from 'node:http'
import { dirname } from 'node:path'
import type { Readable } from 'node:stream'
import { sleep, systemClock } from '#base/clock.ts'
import { http } from '#base/http.ts'
import { GalleyError } from '#base/error.ts'
import { failureOf } from '#faces/docker/error.ts'
import { defaults } from '#daemon/defaults.ts'
import { inWords } from './words.ts'

export interface Asked {
  readonly method?: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE'
  readonly headers?: Readonly<Record<string, string>>
  /** Sent as JSON. */
  readonly body?: unknown
  /** Sent as it is, instead of a body. It must not flow yet. */
  readonly upload?: Readable
  /** Socket of another engine than Galley's own, which is never started. */
  readonly at?: string
  readonly signal?: AbortSignal
}

/** Where Galley's own commands find the daemon. */
export function socketPath(): string {
  return process.env['GALLEY_SOCKET'] ?? defaults.socket
}

/** Options of a request over a local socket. Without a name for TLS, Node would find one out: 5 ms for its pattern of IP addresses. */
export const overSocket = { agent: false, servername: '' } as const

/**
 * Asks the daemon, starting it in the background when none answers at the usual place. Resolves with the answer's head; throws what
 * the daemon answered with, or `unavailable`.
 */
export async function ask(path: string, asked: Asked = {}): Promise<IncomingMessage> {
  // What has been read of an upload can't be sent again: the daemon is started before, where none runs.
  if (asked.upload !== undefined && asked.at === undefined) (await ask('/_ping')).resume()
  const response = await send(path, asked).catch((error: unknown) => askAgain(path, asked, error))
  const status = response.statusCode ?? 500
  if (status < 400) return response
  throw failureOf(status, response.headers, await textOf(response))
}

const refused = ['ENOENT', 'ECONNREFUSED']
/** The daemon died with the request: nobody knows how far it came. */
const cut = ['ECONNRESET', 'EPIPE']

/** Asks a daemon that comes back or is started; throws where that is for others to do, or what was asked for may have been done already. */
async function askAgain(path: string, asked: Asked, error: unknown): Promise<IncomingMessage> {
  const code = codeOf(error)
  if (code === 'EACCES') throw forbidden(asked.at ?? socketPath(), error)
  if (asked.at !== undefined || ![...refused, ...cut].includes(code)) throw error
  if (asked.upload !== undefined || (cut.includes(code) && !['GET', 'HEAD'].includes(asked.method ?? 'GET'))) throw brokeOff(error)
  const answer = await whenBack(path, asked, error)
  if (answer !== undefined) return answer
  await startDaemon()
  return await send(path, asked)
}

/**
 * Milliseconds for which a daemon that died is waited for: its keeper starts it again. The longer one where somebody is at it, on a machine
 * that is busy. A daemon that was stopped leaves no socket.
 */
const patience = { total: 10_000, held: 60_000, each: 50 } as const

/** The answer of an instance that was named and comes back; undefined when none does. The machine's own is started instead. */
async function whenBack(path: string, asked: Asked, error: unknown): Promise<IncomingMessage | undefined> {
  const begun = systemClock.now()
  let last = error
  const mayAskAgain = process.env['GALLEY_SOCKET'] !== undefined && codeOf(error) !== 'ENOENT'
  while (mayAskAgain && (last === error || codeOf(last) === 'ECONNREFUSED') && (await isAwaited(systemClock.now() - begun))) {
    await sleep(systemClock, patience.each)
    try {
      return await send(path, asked)
    } catch (another) {
      last = another
    }
  }
  if (cut.includes(codeOf(last))) throw brokeOff(last)
  return undefined
}

/** Whether a daemon may still come back after so many milliseconds: in the end, only while it or its keeper lives. */
async function isAwaited(passed: number): Promise<boolean> {
  if (passed < patience.total) return true
  const { runningDaemon, runningKeeper } = await import('#daemon/holder.ts')
  const run = dirname(socketPath())
  return passed < patience.held && (runningDaemon(run) ?? runningKeeper(run)) !== undefined
}

/** As `ask`, with the whole answer read as JSON. */
export async function askJson<T>(path: string, asked: Asked = {}): Promise<T> {
  return JSON.parse(await textOf(await ask(path, asked))) as T
}

function send(
  path: string,
  { method = 'GET', body, upload, at = socketPath(), signal, headers: more = {} }: Asked,
): Promise<IncomingMessage> {
  const text = body === undefined ? undefined : JSON.stringify(body)
  return new Promise((resolve, reject) => {
    const about = text === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }
    const headers = { ...about, ...more }
    const call = http.request({ socketPath: at, path, method, headers, ...overSocket, ...(signal !== undefined && { signal }) }, resolve)
    call.on('error', reject)
    if (upload === undefined) call.end(text)
    else upload.on('error', (error) => call.destroy(error)).pipe(call)
  })
}

export function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? ''
}

/** For an answer that has begun and does not end. */
export function brokeOff(cause?: unknown): GalleyError {
  return new GalleyError('unavailable', 'the daemon broke off', {
    code: 'daemon.broke-off',
    advice: `What is done stays: run the command again, which goes on from there. The daemon's log says why it ended: ${dirname(socketPath())}/daemon.log.`,
    cause,
  })
}

function forbidden(socket: string, cause: unknown): GalleyError {
  return new GalleyError('forbidden', `permission denied at ${socket}`, {
    code: 'daemon.denied',
    subject: socket,
    advice: 'Run it as root, or as a member of the group galley, which equals root.',
    cause,
  })
}

/** An instance that was named is the business of whoever named it; the machine's own one is started. */
async function startDaemon(): Promise<void> {
  const socket = process.env['GALLEY_SOCKET']
  if (socket !== undefined)
    throw new GalleyError('unavailable', `no daemon answers at ${socket}`, {
      code: 'daemon.absent',
      subject: socket,
      advice: 'Start it with galley daemon start, or unset GALLEY_SOCKET.',
    })
  process.stderr.write(`${inWords('galley: starting the daemon')}\n`)
  const { ensureDaemon } = await import('./ensure-daemon.ts')
  await ensureDaemon(defaults, [])
}

async function textOf(response: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of response.setEncoding('utf8')) text += chunk as string
  return text
}
