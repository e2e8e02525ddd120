import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { sleep, systemClock } from '#base/clock.ts'
import { hasHungUp } from '#host/kernel/hung-up.ts'
import { hasUnread } from '#host/kernel/unread.ts'
import { DetachKeys } from './detach-keys.ts'
import type { Call } from './route.ts'

const rawStream = 'application/vnd.docker.raw-stream'
const multiplexed = 'application/vnd.docker.multiplexed-stream'

/**
 * Turns a request's connection into a two-way stream (Engine API, ContainerAttach: hijacking): 101 for a client that asks
 * for an upgrade, else 200 and the bare connection. Resolves when the client has taken the answer's head.
 */
export async function hijack(call: Call, tty: boolean): Promise<Duplex> {
  const { request, response } = call
  const type = tty || call.minor < 42 ? rawStream : multiplexed
  // Where an upgrade's body came later than its head, Node puts a stream of its own in the connection's place.
  const stream = response.socket as Socket
  response.detachSocket(stream)
  taken.add(response)
  request.socket.removeAllListeners('timeout')
  request.socket.setTimeout(0)
  const head =
    request.headers.upgrade === undefined
      ? `HTTP/1.1 200 OK\r\nContent-Type: ${type}\r\n\r\n`
      : `HTTP/1.1 101 UPGRADED\r\nContent-Type: ${type}\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nApi-Version: 1.51\r\n\r\n`
  // Node goes by both words, Docker by the first.
  if (request.headers.upgrade === undefined || !/\bupgrade\b/i.test(request.headers.connection ?? '')) takeFromParser(stream)
  hold(stream, request.socket)
  stream.write(head)
  await headTaken(request.socket)
  return stream
}

/**
 * What comes on the connection of a request that asks for no upgrade (docker-api of Ruby) would be read as the next request. Node's
 * parser takes it from below the stream until somebody listens to that; then by the listeners that go here. It is freed as the connection closes.
 */
function takeFromParser(socket: Socket): void {
  // Not by `removeAllListeners`, after which a stream still flows, as if somebody listened, and what comes is lost.
  for (const event of ['data', 'end']) for (const listener of socket.listeners(event)) socket.off(event, listener as () => void)
  const nothing = (): void => undefined
  socket.on('readable', nothing).off('readable', nothing)
}

/** Answers whose connection carries a stream instead. */
const taken = new WeakSet<ServerResponse>()

/** Whether the connection of an answer was made a stream: nothing more can be said by the answer itself. */
export function isHijacked(response: ServerResponse): boolean {
  return taken.has(response)
}

/** Milliseconds between two looks, and how many there are at most: then a client that reads nothing gets all the same. */
const [pause, looks] = [1, 200]

/**
 * docker-py reads an answer's head through a buffer and all else past it, and loses what comes along with it. Docker never has the
 * output so soon.
 */
async function headTaken(socket: Socket): Promise<void> {
  for (let look = 0; look < looks && hasUnread(socket); look++) await sleep(systemClock, pause)
}

const held = new Map<Duplex, Socket>()

/**
 * A client that is killed tells no more than one that ends its input, and nothing at all when it had ended that before. So those
 * that have gone are looked for when one says that it has ended, and whenever another comes.
 */
function hold(stream: Duplex, socket: Socket): void {
  for (const [other, itsSocket] of held) if (hasHungUp(itsSocket)) other.destroy()
  held.set(stream, socket)
  stream.on('end', () => hasHungUp(socket) && stream.destroy())
  stream.on('close', () => held.delete(stream))
}

export interface Joint {
  /** Undefined where detach keys mean nothing, as without a terminal. */
  readonly detachKeys: Buffer | undefined
  /** What to wait for after the process's last output, before the client is told of its end. */
  readonly over?: Promise<void>
}

/**
 * Joins a client and a process's streams until the process ends its output. A client that ends its input keeps getting
 * output; the detach keys end the client's side alone. Resolves with whether the client detached.
 */
export async function join(client: Duplex, process: Socket, { detachKeys, over }: Joint): Promise<boolean> {
  const keys = detachKeys === undefined ? undefined : new DetachKeys(detachKeys)
  let detached = false
  client.on('data', (chunk: Buffer) => {
    const taken = keys?.take(chunk) ?? { input: chunk, detached: false }
    if (process.writable && !process.write(taken.input)) {
      client.pause()
      process.once('drain', () => client.resume())
    }
    if (!taken.detached) return
    detached = true
    process.destroySoon()
  })
  client.on('end', () => process.end())
  // A client may have ended its input as soon as it had the head, when nobody listened yet.
  if (client.readableEnded) process.end()
  client.on('error', () => client.destroy())
  client.on('close', () => process.destroy())
  process.on('error', () => process.destroy())
  // What it still sends is read and goes nowhere: one that is paused would never be seen to go.
  process.on('close', () => client.resume())
  process.pipe(client, { end: false })
  if (client.destroyed) process.destroy()
  // One that wrote nothing may have ended while the client was taking the head.
  const isOver = process.destroyed || process.readableEnded
  if (!isOver) await new Promise<void>((resolve) => process.once('end', resolve).once('close', resolve))
  if (!detached) await over
  client.end()
  return detached
}
