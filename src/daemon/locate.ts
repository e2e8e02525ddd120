import { readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { parseConfig, type Config } from './config.ts'

type Place = Pick<Config, 'data' | 'socket' | 'pool'>

/** Notes in the run directory what else belongs to this instance, so that the run directory alone names it. */
export function recordInstance({ run, data, socket, pool }: Config): void {
  writeFileSync(recordOf(run), JSON.stringify({ data, socket, pool } satisfies Place), { mode: 0o600 })
}

type Environment = Readonly<Record<string, string | undefined>>

/** `parseConfig` for a daemon that is to be started: without an option for it, its place is that of GALLEY_SOCKET, else the machine's own. */
export function planned(args: readonly string[], environment: Environment): Config {
  return parseConfig(placed(args, environment))
}

/** The instance at such a place; what the options leave open is as when its daemon was started last. Throws `invalid`. */
export function locate(args: readonly string[], environment: Environment): Config {
  const given = placed(args, environment)
  return parseConfig([...recorded(parseConfig(given).run), ...given])
}

/** The directory of GALLEY_SOCKET is the run directory. */
function placed(args: readonly string[], { GALLEY_SOCKET: socket }: Environment): readonly string[] {
  const named = args.some((word) => /^--(run|socket)(=|$)/.test(word))
  return socket === undefined || named ? args : ['--socket', socket, '--run', dirname(socket), ...args]
}

/** Options of the daemon that ran last in this run directory. */
function recorded(run: string): string[] {
  try {
    const { data, socket, pool } = JSON.parse(readFileSync(recordOf(run), 'utf8')) as Place
    return ['--data', data, '--socket', socket, '--pool', pool]
  } catch {
    return []
  }
}

function recordOf(run: string): string {
  return `${run}/instance.json`
}
