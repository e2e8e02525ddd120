import type { LogSpec } from './protocol.ts'

/** One line that a process wrote, or a piece of one that is too long. */
export interface LogRecord {
  readonly log: string
  readonly stream: 'stdout' | 'stderr'
  /** RFC 3339, UTC. */
  readonly time: string
}

export type LogFormat = LogSpec['format']

/**
 * Writes records of one stream and moment as lines of a log file. `json-file` is Docker's (moby, daemon/logger/jsonfilelog),
 * which collectors read; `local` is Galley's own, half the size: `<milliseconds in base 36> <letter> <text>`, where the letter is
 * `o` or `e` for the stream, and upper-case when no newline follows the text. What the records share is made once.
 */
export function recordEncoder(
  { format, attributes }: Pick<LogSpec, 'format' | 'attributes'>,
  { stream, time }: Pick<LogRecord, 'stream' | 'time'>,
): (log: string) => string {
  if (format === 'json-file') {
    const attrs = attributes === undefined ? '' : `"attrs":${JSON.stringify(attributes)},`
    const end = `,"stream":"${stream}",${attrs}"time":"${time}"}\n`
    return (log) => `{"log":${JSON.stringify(log)}${end}`
  }
  const letter = stream === 'stdout' ? 'o' : 'e'
  const [whole, piece] = [letter, letter.toUpperCase()].map((one) => `${Date.parse(time).toString(36)} ${one} `)
  return (log) => (log.endsWith('\n') ? `${whole}${log}` : `${piece}${log}\n`)
}

/** The record of a line without its newline; undefined for one that a full disk or a crash left in pieces. */
export function decodeRecord(format: LogFormat, line: string): LogRecord | undefined {
  return format === 'json-file' ? decodeJson(line) : decodeLocal(line)
}

function decodeJson(line: string): LogRecord | undefined {
  try {
    const { log, stream, time } = JSON.parse(line) as Partial<Record<string, unknown>>
    if (typeof log !== 'string' || typeof time !== 'string' || (stream !== 'stdout' && stream !== 'stderr')) return undefined
    return { log, stream, time }
  } catch {
    return undefined
  }
}

function decodeLocal(line: string): LogRecord | undefined {
  const [, time, letter, text] = /^([0-9a-z]+) ([oOeE]) (.*)$/s.exec(line) ?? []
  if (time === undefined || letter === undefined || text === undefined) return undefined
  const milliseconds = Number.parseInt(time, 36)
  if (!Number.isSafeInteger(milliseconds) || milliseconds > 8.64e15) return undefined
  return {
    log: letter === letter.toLowerCase() ? `${text}\n` : text,
    stream: letter.toLowerCase() === 'o' ? 'stdout' : 'stderr',
    time: new Date(milliseconds).toISOString(),
  }
}
