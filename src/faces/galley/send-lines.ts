import { GalleyError, idOf, kindOf, messageOf } from '#base/error.ts'
import type { Call } from '#faces/docker/route.ts'
import type { Line } from './line.ts'

export type Send = (line: Line) => void

/** Answers with JSON lines while a task runs; the last one says how it ended. */
export async function sendLines(call: Call, task: (send: Send) => Promise<boolean>): Promise<void> {
  const { response } = call
  const send: Send = (line) => {
    if (!response.headersSent) response.writeHead(200, { 'content-type': 'application/x-ndjson' })
    response.write(`${JSON.stringify(line)}\n`)
  }
  try {
    send({ type: 'end', ok: await task(send) })
  } catch (error) {
    if (!response.headersSent || kindOf(error) === 'internal') throw error
    const advice = error instanceof GalleyError ? error.advice : undefined
    send({ type: 'error', id: idOf(error), kind: kindOf(error), message: messageOf(error), ...(advice !== undefined && { advice }) })
  }
  response.end()
}
