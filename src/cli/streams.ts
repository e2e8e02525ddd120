import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { GalleyError } from '#base/error.ts'
import { failureOf } from '#faces/docker/error.ts'
import { FrameBuffer } from '#base/frame-buffer.ts'
import { http } from '#base/http.ts'
import { ask, overSocket, socketPath } from './connect.ts'
import { written } from './written.ts'

/** Asks for a two-way stream (Engine API, hijacking). Throws what the daemon refuses with. */
export function openStream(path: string, body: unknown): Promise<Duplex> {
  const text = JSON.stringify(body)
  const headers = {
    connection: 'Upgrade',
    upgrade: 'tcp',
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
  }
  return new Promise((resolve, reject) => {
    const call = http.request({ socketPath: socketPath(), path, method: 'POST', headers, ...overSocket })
    call.on('upgrade', (_response, socket, head) => {
      socket.unshift(head)
      resolve(socket)
    })
    call.on('response', (response) => void refusalOf(response).then(reject, reject))
    call.on('error', reject)
    call.end(text)
  })
}

async function refusalOf(response: IncomingMessage): Promise<GalleyError> {
  let text = ''
  for await (const chunk of response.setEncoding('utf8')) text += chunk as string
  return failureOf(response.statusCode ?? 500, response.headers, text)
}

export interface Joint {
  readonly tty: boolean
  /** Whether this process's input goes there. */
  readonly input: boolean
  /** Where the size of the terminal is told: `/exec/ID/resize`. */
  readonly resize: string
}

/** Joins this process's input and outputs with a stream until it ends; a terminal is left as it was found. */
export async function joinStream(stream: Duplex, { tty, input, resize }: Joint): Promise<void> {
  using stack = new DisposableStack()
  if (tty) stack.use(followSize(resize))
  if (input) stack.use(sendInput(stream, tty))
  else stream.end()
  const frames = new FrameBuffer()
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    if (tty) await written(process.stdout, chunk)
    else for (const frame of frames.push(chunk)) await written(frame.stream === 2 ? process.stderr : process.stdout, frame.data)
  }
}

function sendInput(stream: Duplex, tty: boolean): Disposable {
  const { stdin } = process
  const raw = tty && stdin.isTTY
  if (raw) stdin.setRawMode(true)
  stdin.pipe(stream)
  return {
    [Symbol.dispose]() {
      if (raw) stdin.setRawMode(false)
      stdin.unpipe(stream)
      stdin.pause()
    },
  }
}

/** Tells the size of this terminal, if it is one. */
export async function tellSize(path: string): Promise<void> {
  const { stdout } = process
  if (stdout.isTTY) await ask(`${path}?h=${stdout.rows}&w=${stdout.columns}`, { method: 'POST' })
}

/** Tells it now and whenever it changes. */
function followSize(path: string): Disposable {
  const { stdout } = process
  // One that has ended meanwhile has no size.
  const tell = (): void => void tellSize(path).catch(() => undefined)
  tell()
  stdout.on('resize', tell)
  return { [Symbol.dispose]: () => void stdout.off('resize', tell) }
}
