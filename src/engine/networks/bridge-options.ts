import { isIPv4 } from 'node:net'
import { GalleyError } from '#base/error.ts'

/** The options of Docker's bridge driver (`docker network create -o`), those that Galley carries out. */
export interface BridgeOptions {
  /** Name of the bridge's interface. */
  readonly name: string | undefined
  /** Whether containers of the network reach each other. */
  readonly icc: boolean
  /** Whether packets that leave the host carry its address. */
  readonly masquerade: boolean
  /** Address of the host for ports that are published without one; empty for all. */
  readonly hostBinding: string
  readonly mtu: number | undefined
}

const prefix = 'com.docker.network.'
const known = [
  'bridge.name',
  'bridge.enable_icc',
  'bridge.enable_ip_masquerade',
  'bridge.host_binding_ipv4',
  'bridge.default_bridge',
  'driver.mtu',
]

export function bridgeOptions(options: Readonly<Record<string, string>>): BridgeOptions {
  const option = (name: string): string => options[`${prefix}${name}`] ?? ''
  const hostBinding = option('bridge.host_binding_ipv4')
  return {
    name: option('bridge.name') || undefined,
    icc: isTrue(option('bridge.enable_icc')),
    masquerade: isTrue(option('bridge.enable_ip_masquerade')),
    hostBinding: hostBinding === '0.0.0.0' ? '' : hostBinding,
    mtu: option('driver.mtu') === '' ? undefined : Number(option('driver.mtu')),
  }
}

/** Throws `invalid` for values that can't be, `not implemented` for options of Docker's that Galley lacks. Others are kept as labels are. */
export function checkOptions(options: Readonly<Record<string, string>>): void {
  const unknown = Object.keys(options).find((name) => name.startsWith(prefix) && !known.includes(name.slice(prefix.length)))
  if (unknown !== undefined)
    throw new GalleyError('not implemented', `network option ${unknown} is not implemented by Galley`, { subject: unknown })
  const { name, hostBinding, mtu } = bridgeOptions(options)
  if (name !== undefined && !/^[a-zA-Z0-9_.-]{1,15}$/.test(name)) throw invalid('bridge.name', name)
  if (hostBinding !== '' && !isIPv4(hostBinding)) throw invalid('bridge.host_binding_ipv4', hostBinding)
  if (mtu !== undefined && !(Number.isInteger(mtu) && mtu >= 68 && mtu <= 65_535)) throw invalid('driver.mtu', String(mtu))
}

function invalid(name: string, value: string): GalleyError {
  return new GalleyError('invalid', `invalid value for ${prefix}${name}: "${value}"`, { subject: name })
}

function isTrue(value: string): boolean {
  return !['0', 'f', 'false'].includes(value.toLowerCase())
}
