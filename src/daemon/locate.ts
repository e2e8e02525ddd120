import { readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { configOf, type Config, type DaemonOptions } from './config.ts'

type Place = Pick<Config, 'data' | 'socket' | 'pool'>
type Environment = Readonly<Record<string, string | undefined>>

/** Notes in the run directory what else belongs to this instance, so that the run directory alone names it. */
export function recordInstance({ run, data, socket, pool }: Config): void {
  writeFileSync(recordOf(run), JSON.stringify({ data, socket, pool } satisfies Place), { mode: 0o600 })
}

/**
 * Options of a daemon that is to be started: when they name no place, it is that of GALLEY_SOCKET, whose directory is the run directory.
 * One of another place than the usual goes on with what it had there last: the usual data are another instance's.
 */
export function planned(given: DaemonOptions, { GALLEY_SOCKET: socket }: Environment): DaemonOptions {
  const isNamed = given.run !== undefined || given.socket !== undefined
  const place = socket === undefined || isNamed ? given : { ...given, socket, run: dirname(socket) }
  return place.run === undefined ? place : { ...recorded(place.run), ...place }
}

/** The instance at such a place; what the options leave open is as when its daemon was started last. Throws `invalid`. */
export function locate(given: DaemonOptions, environment: Environment): Config {
  const options = planned(given, environment)
  return configOf({ ...recorded(configOf(options).run), ...options })
}

/** Options of the daemon that ran last in this run directory. */
function recorded(run: string): DaemonOptions {
  try {
    return JSON.parse(readFileSync(recordOf(run), 'utf8')) as Place
  } catch {
    return {}
  }
}

function recordOf(run: string): string {
  return `${run}/instance.json`
}
