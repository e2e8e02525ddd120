import type { Socket } from 'node:net'
import type { Call } from './route.ts'

const rawStream = 'application/vnd.docker.raw-stream'
const multiplexed = 'application/vnd.docker.multiplexed-stream'

/**
 * Turns a request's connection into a two-way stream (Engine API, ContainerAttach: hijacking): 101 for a client that asks
 * for an upgrade, else 200 and the bare connection.
 */
export function hijack(call: Call, tty: boolean): Socket {
  const { request } = call
  const type = tty || call.minor < 42 ? rawStream : multiplexed
  const socket = request.socket
  call.response.detachSocket(socket)
  // The HTTP parser must let go of the connection before anything is read from it.
  socket.removeAllListeners('timeout')
  socket.setTimeout(0)
  const head =
    request.headers.upgrade === undefined
      ? `HTTP/1.1 200 OK\r\nContent-Type: ${type}\r\n\r\n`
      : `HTTP/1.1 101 UPGRADED\r\nContent-Type: ${type}\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nApi-Version: 1.51\r\n\r\n`
  socket.write(head)
  return socket
}

/**
 * Joins a client and a process's streams until the process ends its output. A client that ends its input keeps getting
 * output; the detach keys end the client's side alone.
 */
export function join(client: Socket, process: Socket, detachKeys: Buffer): Promise<void> {
  const isDetach = detachDetector(detachKeys)
  client.on('data', (chunk: Buffer) => {
    if (isDetach(chunk)) {
      process.destroy()
      client.end()
    } else if (!process.write(chunk)) {
      client.pause()
      process.once('drain', () => client.resume())
    }
  })
  client.on('end', () => process.end())
  client.on('error', () => client.destroy())
  client.on('close', () => process.destroy())
  process.on('error', () => process.destroy())
  process.pipe(client, { end: false })
  return new Promise((resolve) => {
    const finish = (): void => {
      client.end()
      resolve()
    }
    process.on('end', finish).on('close', finish)
  })
}

/** `ctrl-p,ctrl-q` and single letters, as bytes. */
export function parseDetachKeys(text: string): Buffer {
  const keys = (text || 'ctrl-p,ctrl-q').split(',').map((key) => {
    const control = /^ctrl-([a-z@[\\\]^_])$/.exec(key)?.[1]
    return control === undefined ? key.charCodeAt(0) : control.toUpperCase().charCodeAt(0) & 0x1f
  })
  return Buffer.from(keys)
}

function detachDetector(keys: Buffer): (chunk: Buffer) => boolean {
  let matched = 0
  return (chunk) => {
    for (const byte of chunk) {
      matched = byte === keys[matched] ? matched + 1 : byte === keys[0] ? 1 : 0
      if (matched === keys.length) return true
    }
    return false
  }
}
