import { readFileSync } from 'node:fs'
import { GalleyError } from '#base/error.ts'

/** Docker's fourteen (moby, oci/caps/defaults). */
const defaults = [
  'CHOWN',
  'DAC_OVERRIDE',
  'FSETID',
  'FOWNER',
  'MKNOD',
  'NET_RAW',
  'SETGID',
  'SETUID',
  'SETFCAP',
  'SETPCAP',
  'NET_BIND_SERVICE',
  'SYS_CHROOT',
  'KILL',
  'AUDIT_WRITE',
]

/** By number, capabilities(7). */
const all = [
  'CHOWN',
  'DAC_OVERRIDE',
  'DAC_READ_SEARCH',
  'FOWNER',
  'FSETID',
  'KILL',
  'SETGID',
  'SETUID',
  'SETPCAP',
  'LINUX_IMMUTABLE',
  'NET_BIND_SERVICE',
  'NET_BROADCAST',
  'NET_ADMIN',
  'NET_RAW',
  'IPC_LOCK',
  'IPC_OWNER',
  'SYS_MODULE',
  'SYS_RAWIO',
  'SYS_CHROOT',
  'SYS_PTRACE',
  'SYS_PACCT',
  'SYS_ADMIN',
  'SYS_BOOT',
  'SYS_NICE',
  'SYS_RESOURCE',
  'SYS_TIME',
  'SYS_TTY_CONFIG',
  'MKNOD',
  'LEASE',
  'AUDIT_WRITE',
  'AUDIT_CONTROL',
  'SETFCAP',
  'MAC_OVERRIDE',
  'MAC_ADMIN',
  'SYSLOG',
  'WAKE_ALARM',
  'BLOCK_SUSPEND',
  'AUDIT_READ',
  'PERFMON',
  'BPF',
  'CHECKPOINT_RESTORE',
]

/** What this process may hand on: its bounding set. Some hosts withhold CAP_SYS_RESOURCE even from root. */
function bounding(): ReadonlySet<string> {
  const mask = BigInt(`0x${/^CapBnd:\s*([0-9a-f]+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0'}`)
  return new Set(all.filter((_, number) => ((mask >> BigInt(number)) & 1n) === 1n))
}

/** The capabilities of a container, `CAP_` names. Throws `invalid` for a name that doesn't exist. */
export function capabilitiesFor(options: {
  readonly add: readonly string[]
  readonly drop: readonly string[]
  readonly privileged: boolean
}): string[] {
  const [add, drop] = [options.add, options.drop].map((names) => names.map(parse)) as [string[], string[]]
  const base = options.privileged || add.includes('ALL') ? all : drop.includes('ALL') ? [] : defaults
  const kept = options.privileged ? base : base.filter((name) => !drop.includes(name))
  const available = bounding()
  return [...new Set([...kept, ...add.filter((name) => name !== 'ALL')])].filter((name) => available.has(name)).map((name) => `CAP_${name}`)
}

/** Of the capabilities that were asked for by name, those that this host does not let Galley hand on. */
export function withheldCapabilities(add: readonly string[]): string[] {
  const available = bounding()
  return add
    .map(parse)
    .filter((name) => name !== 'ALL' && !available.has(name))
    .map((name) => `CAP_${name}`)
}

function parse(given: string): string {
  const name = given.toUpperCase().replace(/^CAP_/, '')
  if (name !== 'ALL' && !all.includes(name)) throw new GalleyError('invalid', `invalid capability: "${given}"`, { subject: given })
  return name
}
