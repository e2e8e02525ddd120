import type { Http2Stream } from 'node:http2'

/** Resolves when the other side has taken what was written, or is gone. */
export function drained(stream: Http2Stream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed || !stream.writableNeedDrain) return resolve()
    const done = (): void => {
      stream.off('drain', done)
      stream.off('close', done)
      resolve()
    }
    stream.on('drain', done)
    stream.on('close', done)
  })
}
