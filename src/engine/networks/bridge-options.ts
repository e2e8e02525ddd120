import { isIP, isIPv4, isIPv6 } from 'node:net'
import { GalleyError } from '#base/error.ts'

/**
 * How the host stands between a network and the outside, for one family: behind addresses of the host, all else refused (`nat`) or not
 * (`nat-unprotected`); by the containers' own addresses, where others know the way (`routed`); not at all (`isolated`).
 */
export type GatewayMode = 'nat' | 'nat-unprotected' | 'routed' | 'isolated'

/** The options of Docker's bridge driver (`docker network create -o`), those that Galley carries out. */
export interface BridgeOptions {
  /** Name of the bridge's interface. */
  readonly name: string | undefined
  /** Whether containers of the network reach each other. */
  readonly icc: boolean
  /** Whether packets that leave the host carry its address. */
  readonly masquerade: boolean
  /** Address of the host for ports that are published without one; empty for all of both families, `::` for those of IPv6. */
  readonly hostBinding: string
  readonly mtu: number | undefined
  readonly gatewayMode: { readonly ipv4: GatewayMode; readonly ipv6: GatewayMode }
  /** The address that packets carry which leave the host, in place of the one of the interface that they leave by; empty for that. */
  readonly source: { readonly ipv4: string; readonly ipv6: string }
  /** Whether the bridge goes without the gateway's address of IPv4. */
  readonly inhibitIPv4: boolean
  /** Interfaces of the host from which containers are reached by their own addresses. */
  readonly trusted: readonly string[]
  /** What the names of the containers' interfaces begin with. */
  readonly interfacePrefix: string
}

const prefix = 'com.docker.network.'
const modes: readonly string[] = ['nat', 'nat-unprotected', 'routed', 'isolated'] satisfies GatewayMode[]
/** As Go's strconv.ParseBool reads it; clients leave a value out to say yes. */
const truths = ['', '1', 't', 'T', 'TRUE', 'true', 'True']
const falsehoods = ['0', 'f', 'F', 'FALSE', 'false', 'False']

const isFlag = (value: string): boolean => truths.includes(value) || falsehoods.includes(value)
const isInterface = (value: string): boolean => /^[a-zA-Z0-9_.-]{1,15}$/.test(value)
const isMode = (value: string): boolean => modes.includes(value)

/** What Docker's options may say (moby, libnetwork/drivers/bridge/labels.go and netlabel/labels.go). An empty value is as good as none. */
const known: Readonly<Record<string, (value: string) => boolean>> = {
  'bridge.name': isInterface,
  'bridge.enable_icc': isFlag,
  'bridge.enable_ip_masquerade': isFlag,
  // Of either family, whatever its name says.
  'bridge.host_binding_ipv4': (value) => isIP(value) !== 0,
  'bridge.default_bridge': isFlag,
  'bridge.gateway_mode_ipv4': isMode,
  'bridge.gateway_mode_ipv6': isMode,
  'bridge.inhibit_ipv4': isFlag,
  'bridge.trusted_host_interfaces': (value) => value.split(':').every(isInterface),
  'driver.mtu': (value) => /^\d+$/.test(value) && Number(value) >= 68 && Number(value) <= 65_535,
  container_iface_prefix: (value) => /^[a-zA-Z0-9_.-]{1,12}$/.test(value),
  enable_ipv4: isFlag,
  enable_ipv6: isFlag,
  host_ipv4: isIPv4,
  host_ipv6: isIPv6,
}

export function bridgeOptions(options: Readonly<Record<string, string>>): BridgeOptions {
  const option = (name: string): string => options[`${prefix}${name}`] ?? ''
  const hostBinding = option('bridge.host_binding_ipv4')
  const mode = (family: 'ipv4' | 'ipv6'): GatewayMode => (option(`bridge.gateway_mode_${family}`) || 'nat') as GatewayMode
  return {
    name: option('bridge.name') || undefined,
    icc: !falsehoods.includes(option('bridge.enable_icc')),
    masquerade: !falsehoods.includes(option('bridge.enable_ip_masquerade')),
    hostBinding: hostBinding === '0.0.0.0' ? '' : hostBinding,
    mtu: option('driver.mtu') === '' ? undefined : Number(option('driver.mtu')),
    gatewayMode: { ipv4: mode('ipv4'), ipv6: mode('ipv6') },
    source: { ipv4: option('host_ipv4'), ipv6: option('host_ipv6') },
    inhibitIPv4: option('bridge.inhibit_ipv4') !== '' && truths.includes(option('bridge.inhibit_ipv4')),
    trusted: option('bridge.trusted_host_interfaces').split(':').filter(isInterface),
    interfacePrefix: option('container_iface_prefix') || 'eth',
  }
}

/** Whether options say that a network has a family; undefined when they don't. */
export function familyOption(options: Readonly<Record<string, string>>, family: 'ipv4' | 'ipv6'): boolean | undefined {
  const value = options[`${prefix}enable_${family}`] ?? ''
  return value === '' ? undefined : truths.includes(value)
}

/** Throws `invalid` for values that can't be, `not implemented` for options of Docker's that Galley lacks. Others are kept as labels are. */
export function checkOptions(options: Readonly<Record<string, string>>, internal: boolean): void {
  for (const [option, value] of Object.entries(options)) {
    if (!option.startsWith(prefix)) continue
    const isRight = known[option.slice(prefix.length)]
    if (isRight === undefined)
      throw new GalleyError('not implemented', `network option ${option} is not implemented by Galley`, { subject: option })
    if (value !== '' && !isRight(value)) throw new GalleyError('invalid', `invalid value for ${option}: "${value}"`, { subject: option })
  }
  if (!internal && Object.values(bridgeOptions(options).gatewayMode).includes('isolated'))
    throw new GalleyError('invalid', "gateway mode 'isolated' can only be used for an internal network", { subject: 'gateway mode' })
}
