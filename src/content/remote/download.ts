import type { Clock } from '#base/clock.ts'
import { isDiskFull } from '#base/error.ts'
import type { Permits } from '#base/permits.ts'
import { isComplete, type Arrival, type Piece } from '../blobs/arrival.ts'
import { RegistryError } from './error.ts'
import { firstOf } from './registries.ts'
import type { BlobPart, Repository } from './repository.ts'
import { retrying } from './retry.ts'

/** Connections that one blob may use at once. */
const lanesPerBlob = 3

export interface Download {
  readonly sources: readonly Repository[]
  readonly clock: Clock
  /** Connections for all downloads together. */
  readonly connections: Permits
  readonly signal: AbortSignal
  /** Told whenever bytes arrived. */
  readonly onBytes: () => void
  /** Told before a pause (milliseconds) after a failure. */
  readonly onPause: (pause: number) => void
}

/** Fetches what is missing of a blob, over several connections when it is large. What has come by a failure stays in `arrival`. */
export async function download(arrival: Arrival, options: Download): Promise<void> {
  const stop = new AbortController()
  const signal = AbortSignal.any([options.signal, stop.signal])
  const missing = arrival.pieces.filter((piece) => !isComplete(piece)).length
  const lanes = Array.from({ length: Math.min(lanesPerBlob, missing) }, () => lane(arrival, { ...options, signal }))
  try {
    await Promise.all(lanes)
  } catch (error) {
    stop.abort(error)
    await Promise.allSettled(lanes)
    throw error
  }
}

async function lane(arrival: Arrival, options: Download): Promise<void> {
  for (let piece = arrival.claim(); piece !== undefined; piece = arrival.claim()) {
    const claimed = piece
    try {
      using _permit = await options.connections.acquire(options.signal)
      await retrying({ ...options, progress: () => claimed.done, unless: isDiskFull }, () => fetchPiece(arrival, claimed, options))
    } finally {
      arrival.release(claimed)
    }
  }
}

async function fetchPiece(arrival: Arrival, piece: Piece, { sources, signal, onBytes }: Download): Promise<void> {
  if (isComplete(piece)) return
  const range = { start: piece.start + piece.done, end: piece.end, size: arrival.size }
  const { value } = await firstOf(sources, (source) => source.blob(arrival.digest, range, { signal }))
  try {
    await pour(arrival, piece, value, onBytes)
  } catch (error) {
    if (signal.aborted) throw signal.reason
    throw isBroken(error) ? broken(arrival, error) : error
  }
  if (!isComplete(piece)) throw broken(arrival, undefined)
}

/** Writes what comes where it is missing. A registry without ranges sends the blob from its start: the pieces that follow are then filled too. */
async function pour(arrival: Arrival, first: Piece, { start, body }: BlobPart, onBytes: () => void): Promise<void> {
  const own = new Set([first])
  let at = start
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      for (const piece of arrival.covering(at, chunk.length)) {
        if (!own.has(piece) && arrival.claim(piece) === undefined) continue
        own.add(piece)
        const from = piece.start + piece.done - at
        if (from >= 0 && from < chunk.length) await arrival.write(piece, chunk.subarray(from, piece.end - at))
      }
      at += chunk.length
      onBytes()
      // Others fetch the rest.
      if (at < arrival.size && isComplete(first) && ![...own].some((piece) => piece.end > at) && !arrival.isClaimable(at)) return
    }
  } finally {
    own.delete(first)
    for (const piece of own) arrival.release(piece)
  }
}

function isBroken(error: unknown): boolean {
  return ['ECONNRESET', 'ERR_STREAM_PREMATURE_CLOSE', 'EPIPE', 'ETIMEDOUT'].includes((error as { code?: string }).code ?? '')
}

function broken(arrival: Arrival, cause: unknown): RegistryError {
  return new RegistryError('unavailable', `the connection broke while fetching ${arrival.digest}: unexpected EOF`, { cause })
}
