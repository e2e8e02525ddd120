import type { IncomingMessage, ServerResponse } from 'node:http'
import { systemClock, type Clock } from '#base/clock.ts'

/** Bytes of a body that are read only so that the connection can go on, as many as Go's server reads (net/http, maxPostHandlerReadBytes). */
const most = 256 << 10

/** How long the rest of a body is read and thrown away after the answer. */
interface Limits {
  readonly bytes: number
  /** Milliseconds. */
  readonly time: number
  readonly clock: Clock
}

/** A client that sends all of an archive before it reads why that failed gets to know it; one that never ends is cut off. */
const usual: Limits = { bytes: 8 * 2 ** 30, time: 30_000, clock: systemClock }

/**
 * The body of a request, which may be left in the middle: Node's own iterator would then destroy the connection, and what failed could
 * not be said.
 */
export function bodyOf(request: IncomingMessage): AsyncIterable<Buffer> {
  return { [Symbol.asyncIterator]: () => request.iterator({ destroyOnReturn: false }) as AsyncIterator<Buffer> }
}

/**
 * Reads what a client is still sending of a request that was refused before its body was read: Go's clients send head and body one
 * after the other, and would find the connection gone instead of the answer. Resolves with whether that was all; a client that
 * has more to say is to be cut off after the answer, as it would hang.
 */
export function readAway(request: IncomingMessage): Promise<boolean> {
  if (request.complete || request.destroyed) return Promise.resolve(request.complete)
  return new Promise((resolve) => {
    let read = 0
    request.on('data', (chunk: Buffer) => {
      read += chunk.length
      if (read > most) resolve(false)
    })
    request.on('close', () => resolve(request.complete)).on('end', () => resolve(true))
    request.resume()
  })
}

/**
 * Sends the rest of an answer, of which the head has been written with its length. What the client goes on sending is read meanwhile, within
 * limits: when a connection is closed that holds unread bytes, the kernel resets it, and the client loses the answer.
 */
export async function endWhileReading(response: ServerResponse, bytes: Buffer | undefined, limits = usual): Promise<void> {
  const { req } = response
  if (!req.complete && !req.destroyed) {
    if (bytes === undefined) response.flushHeaders()
    else response.write(bytes)
    await readOn(req, limits)
    response.end()
  } else response.end(bytes)
}

async function readOn(request: IncomingMessage, { bytes, time, clock }: Limits): Promise<void> {
  const over = Promise.withResolvers<void>()
  using _limit = clock.after(time, () => over.resolve())
  let read = 0
  request.on('data', (chunk: Buffer) => {
    read += chunk.length
    if (read > bytes) over.resolve()
  })
  request.on('close', () => over.resolve()).on('end', () => over.resolve())
  request.resume()
  await over.promise
}
