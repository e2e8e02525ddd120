/** An address at which nobody listened, as a program's log names it. */
export interface Refusal {
  /** A name, or an address. */
  readonly host: string
  readonly port: number
  readonly said: string
}

/** How clients of databases and networks say whom they did not reach. */
const signs = [
  /server at "([\w.-]+)"(?: \([\d.]+\))?,? port (\d+) failed: Connection refused/,
  /ECONNREFUSED ([\w.-]+):(\d+)/,
  /dial tcp ([\w.-]+):(\d+): connect: connection refused/,
  /Connection to ([\w.-]+):(\d+) refused/,
  /connecting to ([\w.-]+):(\d+)\. Connection refused/,
  /Connection refused: ([\w.-]+)\/[\d.]+:(\d+)/,
  /MySQL server on '([\w.-]+):(\d+)' \(111\)/,
  /MySQL server on '([\w.-]+)' \(\[Errno 111\]/,
]

const usual = 3306

/** The last refused connection that a log tells, with whom it names. */
export function refusalIn(log: readonly string[]): Refusal | undefined {
  for (const said of log.toReversed())
    for (const sign of signs) {
      const [, host, port = usual] = sign.exec(said) ?? []
      if (host !== undefined) return { host, port: Number(port), said }
    }
  return undefined
}

/** A line that says no more than that nobody listened, or not yet. */
export const refusedSign = /connection refused|ECONNREFUSED|the database system is starting up|communications link failure/i
