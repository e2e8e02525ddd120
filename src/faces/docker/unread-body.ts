import type { IncomingMessage } from 'node:http'

/** Bytes of a body that are read only so that the connection can go on, as many as Go's server reads (net/http, maxPostHandlerReadBytes). */
const most = 256 << 10

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
