import { totalmem } from 'node:os'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { GalleyError } from '#base/error.ts'
import { tcpDoorOf, tcpOptions, type TcpDoor } from './tcp-door.ts'

export interface Config {
  /** Lasting state. */
  readonly data: string
  /** State that a reboot may take. */
  readonly run: string
  readonly socket: string
  readonly tcp: TcpDoor | undefined
  /** Addresses for networks. */
  readonly pool: string
  /** Short name that keeps this instance's bridges, tables and cgroups apart from another's. */
  readonly instance: string
  /** Whether images may be made here when no registry can be reached. */
  readonly standIns: boolean
  /** Bytes of the host's memory that containers leave alone, all of them together. */
  readonly memoryReserve: number
}

const defaults = { data: '/var/lib/galley', run: '/run/galley', pool: '172.30.0.0/15' } as const

const options = {
  data: { type: 'string' },
  run: { type: 'string' },
  socket: { type: 'string' },
  pool: { type: 'string' },
  ...tcpOptions,
  'stand-ins': { type: 'string' },
  'memory-reserve': { type: 'string' },
} as const

/** `galley daemon` options. Throws `invalid`. */
export function parseConfig(args: readonly string[]): Config {
  try {
    const { values } = parseArgs({ args: [...args], options, allowPositionals: false })
    const run = resolve(values.run ?? defaults.run)
    return {
      data: resolve(values.data ?? defaults.data),
      run,
      socket: resolve(values.socket ?? `${run}/docker.sock`),
      tcp: tcpDoorOf(values),
      pool: values.pool ?? defaults.pool,
      instance: instanceOf(run),
      standIns: switchOf('stand-ins', values['stand-ins'] ?? 'on'),
      memoryReserve: reserve(values['memory-reserve']),
    }
  } catch (cause) {
    if (cause instanceof GalleyError) throw cause
    throw new GalleyError('invalid', (cause as Error).message, {
      cause,
      advice: 'galley daemon [--data DIR] [--run DIR] [--socket PATH] [--pool CIDR] [--stand-ins on|off] [--memory-reserve BYTES]',
    })
  }
}

function switchOf(option: string, value: string): boolean {
  if (value !== 'on' && value !== 'off') throw new Error(`--${option} is on or off, not ${value}`)
  return value === 'on'
}

/** The default run directory is the instance `main`; another is named after a hash of its path, as bridge names are short. */
function instanceOf(run: string): string {
  if (run === defaults.run) return 'main'
  let hash = 0
  for (const byte of Buffer.from(run)) hash = (hash * 31 + byte) >>> 0
  return hash.toString(36)
}

/** The control group that all containers of an instance live under. */
export function parentGroup(instance: string): string {
  return instance === 'main' ? '/galley' : `/galley-${instance}`
}

/** Enough for the host to stay usable when containers without limits take all they can get. */
function reserve(given: string | undefined): number {
  if (given === undefined) return Math.max(512 << 20, Math.floor(totalmem() * 0.05))
  const bytes = Number(given)
  if (!Number.isSafeInteger(bytes) || bytes < 0) throw new Error(`--memory-reserve is a number of bytes, not ${given}`)
  return bytes
}
