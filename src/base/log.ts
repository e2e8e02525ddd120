/** Structured log: one JSON object a line. `fields` must be serialisable and free of secrets. */
export interface Log {
  info(message: string, fields?: Readonly<Record<string, unknown>>): void
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void
  error(message: string, fields?: Readonly<Record<string, unknown>>): void
}

/** Writes JSON lines `{time, level, message, …fields}` through `write`. */
export function jsonLog(write: (line: string) => void, now: () => number): Log {
  const put = (level: string) => (message: string, fields?: Readonly<Record<string, unknown>>) =>
    write(`${JSON.stringify({ time: new Date(now()).toISOString(), level, message, ...fields })}\n`)
  return { info: put('info'), warn: put('warn'), error: put('error') }
}
