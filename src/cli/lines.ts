import type { IncomingMessage } from 'node:http'
import { LineBuffer } from '#base/line-buffer.ts'
import type { Line } from '#faces/galley/line.ts'
import { brokeOff, codeOf } from './connect.ts'

/** Reads the answer to `up` or `down` as it arrives. Throws `unavailable` when it breaks off. */
export async function* readLines(response: IncomingMessage): AsyncGenerator<Line> {
  let ended = false
  for await (const line of jsonLines<Line>(response)) {
    ended ||= line.type === 'end' || line.type === 'error'
    yield line
  }
  if (!ended) throw brokeOff()
}

/** JSON values, one a line; lines end in LF or CRLF. Throws `unavailable` when the connection breaks. */
export async function* jsonLines<T>(response: IncomingMessage): AsyncGenerator<T> {
  const lines = new LineBuffer()
  for await (const chunk of whole(response.setEncoding('utf8')))
    for (const line of lines.push(chunk as string)) if (line.trim() !== '') yield JSON.parse(line) as T
}

async function* whole(response: IncomingMessage): AsyncGenerator {
  try {
    yield* response
  } catch (error) {
    throw codeOf(error) === 'ECONNRESET' ? brokeOff(error) : error
  }
}
