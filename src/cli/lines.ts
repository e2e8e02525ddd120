import type { IncomingMessage } from 'node:http'
import { GalleyError, type ErrorKind } from '#base/error.ts'
import type { ComposeEvent } from '#compose/apply/events.ts'
import type { Finding } from '#diagnose/finding.ts'

/** A line of the daemon's answer to `up` and `down`. */
export type Line =
  | ComposeEvent
  | { readonly type: 'finding'; readonly finding: Finding }
  | { readonly type: 'end'; readonly ok: boolean }
  | { readonly type: 'error'; readonly kind: ErrorKind; readonly message: string; readonly advice?: string }

/** Reads JSON lines as they arrive. Throws `unavailable` when the answer breaks off. */
export async function* readLines(response: IncomingMessage): AsyncGenerator<Line> {
  let rest = ''
  let ended = false
  for await (const chunk of response.setEncoding('utf8')) {
    const lines = (rest + (chunk as string)).split('\n')
    rest = lines.pop() ?? ''
    for (const text of lines) {
      const line = JSON.parse(text) as Line
      ended ||= line.type === 'end' || line.type === 'error'
      yield line
    }
  }
  if (!ended) throw new GalleyError('unavailable', 'the daemon broke off', { advice: 'Its log says why: /run/galley/daemon.log.' })
}
