import { totalmem } from 'node:os'
import { resolve } from 'node:path'
import { GalleyError } from '#base/error.ts'
import { parseSubnet } from '#engine/networks/address.ts'
import { defaults } from './defaults.ts'
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
  /** Addresses of IPv6 for the default bridge; undefined: it has none. */
  readonly bridgeIPv6: { readonly subnet?: string } | undefined
  /** Short name that keeps this instance's bridges, tables and cgroups apart from another's. */
  readonly instance: string
  /** Whether images may be made here when no registry can be reached. */
  readonly standIns: boolean
  /** Bytes of the host's memory that containers leave alone, all of them together. */
  readonly memoryReserve: number
  /** Whether the kernel may be asked to move processes between control groups without waiting. */
  readonly quickCgroups: boolean
  /** Directories of files that declare devices for containers. */
  readonly deviceSpecifications: readonly string[]
}

/** The daemon's options, as `node:util` parses them and help tells of them. */
export const daemonOptions = {
  data: { type: 'string', value: 'DIR', does: `images, containers and volumes (${defaults.data})` },
  run: { type: 'string', value: 'DIR', does: `what a reboot may take (${defaults.run}); another directory is another instance` },
  socket: { type: 'string', value: 'PATH', does: 'where clients connect (docker.sock in the run directory)' },
  pool: { type: 'string', value: 'CIDR', does: `addresses for networks (${defaults.pool})` },
  ipv6: { type: 'string', value: 'on|off', does: 'whether the default bridge network has IPv6' },
  'fixed-cidr-v6': { type: 'string', value: 'CIDR', does: "IPv6 addresses of the default bridge network (the instance's own)" },
  'stand-ins': { type: 'string', value: 'on|off', does: "whether well-known images may be made from Debian's packages without a registry" },
  'memory-reserve': { type: 'string', value: 'BYTES', does: 'memory that containers leave to the host, all of them together' },
  'quick-cgroups': {
    type: 'string',
    value: 'on|off',
    does: 'whether the kernel is asked to start containers sooner, for all of the machine',
  },
  'cdi-spec-dir': { type: 'string', value: 'DIR', does: 'files that declare devices for containers (/etc/cdi and /var/run/cdi)' },
  ...tcpOptions,
} as const

export type DaemonOptions = { readonly [name in keyof typeof daemonOptions]?: string | undefined }

const paths: ReadonlySet<string> = new Set(['DIR', 'PATH', 'FILE'])

/** The same options in words that mean the same in every directory: the daemon, and whoever starts it again, run in another one. */
export function commandLineOf(values: DaemonOptions): string[] {
  return Object.entries(daemonOptions).flatMap(([name, { value: kind }]) => {
    const value = values[name as keyof DaemonOptions]
    return value === undefined ? [] : [`--${name}=${paths.has(kind) ? resolve(value) : value}`]
  })
}

/** What the options ask for. Throws `invalid`. */
export function configOf(values: DaemonOptions): Config {
  const run = resolve(values.run ?? defaults.run)
  return {
    data: resolve(values.data ?? defaults.data),
    run,
    socket: values.socket === undefined ? `${run}/docker.sock` : resolve(values.socket),
    tcp: tcpDoorOf(values),
    pool: poolOf(values.pool),
    bridgeIPv6: bridgeIPv6Of(values),
    instance: instanceOf(run),
    standIns: switchOf('stand-ins', values['stand-ins'] ?? 'on'),
    memoryReserve: reserveOf(values['memory-reserve']),
    quickCgroups: switchOf('quick-cgroups', values['quick-cgroups'] ?? 'on'),
    deviceSpecifications: values['cdi-spec-dir'] === undefined ? ['/etc/cdi', '/var/run/cdi'] : [resolve(values['cdi-spec-dir'])],
  }
}

/** Checked before anything is started for a daemon that could not use it. */
function poolOf(given: string = defaults.pool): string {
  parseSubnet(given)
  return given
}

function bridgeIPv6Of({ ipv6 = 'off', 'fixed-cidr-v6': subnet }: DaemonOptions): Config['bridgeIPv6'] {
  if (!switchOf('ipv6', ipv6)) {
    if (subnet !== undefined)
      throw new GalleyError('invalid', '--fixed-cidr-v6 needs --ipv6 on', { code: 'cli.option-value', subject: subnet })
    return undefined
  }
  return subnet === undefined ? {} : { subnet }
}

function switchOf(option: string, value: string): boolean {
  if (value !== 'on' && value !== 'off')
    throw new GalleyError('invalid', `--${option} is on or off, not ${value}`, { code: 'cli.option-value', subject: value })
  return value === 'on'
}

/** The default run directory is the instance `main`; another is named after a hash of its path, as bridge names are short. */
export function instanceOf(run: string): string {
  if (run === defaults.run) return 'main'
  let hash = 0
  for (const byte of Buffer.from(run)) hash = (hash * 31 + byte) >>> 0
  return hash.toString(36)
}

/** The control group that all containers of an instance live under. */
export function parentGroup(instance: string): string {
  return instance === 'main' ? '/galley' : `/galley-${instance}`
}

/** The control group that an instance's keeper lives in, with the shells around what it holds: beside the containers', whose limit is not its own. */
export function keeperGroup(instance: string): string {
  return `${parentGroup(instance)}-keeper`
}

/** Enough for the host to stay usable when containers without limits take all they can get. */
function reserveOf(given: string | undefined): number {
  if (given === undefined) return Math.max(512 << 20, Math.floor(totalmem() * 0.05))
  const bytes = Number(given)
  if (!Number.isSafeInteger(bytes) || bytes < 0)
    throw new GalleyError('invalid', `--memory-reserve is a number of bytes, not ${given}`, { code: 'cli.option-value', subject: given })
  return bytes
}
