import type { IncomingMessage, ServerResponse } from 'node:http'
import { GalleyError, messageOf } from '#base/error.ts'
import { isObject } from '#base/json.ts'

/** One request of the Docker Engine API, decoded as far as every handler needs it. */
export interface Call {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** Values of the `{placeholders}` of the route, percent-decoded. */
  readonly params: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  /** Minor version of the API that the client asked for: 51 for `/v1.51/…`. */
  readonly minor: number
  /** The request's body. */
  readonly body: AsyncIterable<Buffer>
  /** Aborted when the client goes away. */
  readonly signal: AbortSignal
}

export type Handler = (call: Call) => Promise<void> | void

/**
 * A face's table: `GET /containers/{id}/json` → handler. `{name…}` spans slashes, as image names do; literal segments win
 * over placeholders.
 */
export type Routes = Readonly<Record<string, Handler>>

export function sendJson(call: Call, status: number, body: unknown): void {
  const text = Buffer.from(`${JSON.stringify(body)}\n`)
  call.response.writeHead(status, { 'content-type': 'application/json', 'content-length': text.length })
  call.response.end(text)
}

export function sendEmpty(call: Call, status = 204): void {
  call.response.writeHead(status, status === 204 || status === 304 ? {} : { 'content-length': 0 })
  call.response.end()
}

/** The body as JSON; an empty body, and `null`, is `{}`. Throws `invalid`, also for a body that says it is something else: browsers send such ones to any address. */
export async function readJson(call: Call): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of call.body) {
    size += chunk.length
    if (size > 8 << 20) throw new GalleyError('too large', 'request body is larger than 8 MiB')
    chunks.push(chunk)
  }
  const text = Buffer.concat(chunks).toString('utf8').trim()
  if (text === '') return {}
  checkType(call.request.headers['content-type'])
  try {
    const value: unknown = JSON.parse(text)
    if (isObject(value)) return value
    // Go's decoder takes null for an object without fields, and clients of its making send it (docker/cli 18.06: commit).
    if (value === null) return {}
  } catch (cause) {
    throw new GalleyError('invalid', whyUnreadable(text, messageOf(cause)), { cause })
  }
  throw new GalleyError('invalid', 'request body must be a JSON object')
}

function checkType(given: string | undefined): void {
  if (given === undefined || /^application\/json\s*(;|$)/i.test(given)) return
  throw new GalleyError('invalid', `unsupported Content-Type header (${given}): must be 'application/json'`, { subject: given })
}

/** V8's words for what it can't read, as Docker says it where it has words of its own. */
function whyUnreadable(text: string, said: string): string {
  if (/after JSON/.test(said)) return 'unexpected content after JSON'
  if (/end of JSON input/.test(said)) return 'invalid JSON: unexpected EOF'
  const at = /^Expected property name .* position (\d+)/.exec(said)?.[1]
  if (at === undefined) return `invalid JSON: ${said}`
  return `invalid JSON: invalid character '${text[Number(at)] ?? ''}' looking for beginning of object key string`
}

/** Docker's reading of a boolean: "", 0, no, false and none (any case) are false, anything else is true. */
export function flag(query: URLSearchParams, name: string, fallback = false): boolean {
  const value = query.get(name)
  return value === null ? fallback : !['', '0', 'no', 'false', 'none'].includes(value.trim().toLowerCase())
}

/** Seconds since the epoch with a fraction, or a date, as milliseconds; undefined when the parameter isn't there. Throws `invalid`. */
export function moment(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name)
  if (text === null || text === '') return undefined
  const milliseconds = /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1000 : Date.parse(text)
  if (Number.isNaN(milliseconds)) throw new GalleyError('invalid', `invalid value for "${name}": ${text}`, { subject: name })
  return milliseconds
}

/** The `filters` parameter in both of its shapes, name→list and name→{value: true}. Throws `invalid`. */
export function filters(query: URLSearchParams): Map<string, string[]> {
  const text = query.get('filters')
  if (text === null || text === '') return new Map()
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch (cause) {
    throw new GalleyError('invalid', 'invalid filter', { cause })
  }
  if (!isObject(parsed)) throw new GalleyError('invalid', 'invalid filter')
  return new Map(Object.entries(parsed).map(([name, values]) => [name, filterValues(values)]))
}

function filterValues(values: unknown): string[] {
  if (Array.isArray(values) && values.every((value) => typeof value === 'string')) return values
  if (!isObject(values)) throw new GalleyError('invalid', 'invalid filter')
  return Object.keys(values).filter((value) => values[value] === true)
}
