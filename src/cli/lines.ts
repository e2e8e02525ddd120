import type { IncomingMessage } from 'node:http'
import { GalleyError } from '#base/error.ts'
import { LineBuffer } from '#base/line-buffer.ts'
import type { Line } from '#faces/galley/line.ts'
import { defaults } from '#daemon/defaults.ts'

/** Reads the answer to `up` or `down` as it arrives. Throws `unavailable` when it breaks off. */
export async function* readLines(response: IncomingMessage): AsyncGenerator<Line> {
  let ended = false
  for await (const line of jsonLines<Line>(response)) {
    ended ||= line.type === 'end' || line.type === 'error'
    yield line
  }
  if (!ended)
    throw new GalleyError('unavailable', 'the daemon broke off', {
      code: 'daemon.broke-off',
      advice: `Its log says why: ${defaults.run}/daemon.log.`,
    })
}

/** JSON values, one a line; lines end in LF or CRLF. */
export async function* jsonLines<T>(response: IncomingMessage): AsyncGenerator<T> {
  const lines = new LineBuffer()
  for await (const chunk of response.setEncoding('utf8'))
    for (const line of lines.push(chunk as string)) if (line.trim() !== '') yield JSON.parse(line) as T
}
