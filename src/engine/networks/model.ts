import type { Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import type { NameNews } from '#keeper/names/name-service.ts'
import type { PortsOfContainer } from '#keeper/ports/held-ports.ts'
import type { Store } from '#store/store.ts'

/** A network's addresses of one family. */
export interface AddressSpace {
  readonly subnet: string
  /** Of the host, on the bridge; empty where the host has none there. */
  readonly gateway: string
  /** Part of the subnet that addresses are chosen from; all of it when absent. */
  readonly ipRange?: string
  /** Addresses that no container gets. */
  readonly reserved?: Readonly<Record<string, string>>
  /** Whether a person chose the subnet: only then may containers choose addresses. */
  readonly chosen?: boolean
}

/** All that is kept of a network, under `/networks/<id>`; the addresses beside `ipv6` are those of IPv4, empty on a network without. */
export interface Network extends AddressSpace {
  readonly id: string
  readonly name: string
  readonly driver: 'bridge' | 'host' | 'null'
  readonly created: number
  /** Absent on a network that didn't ask for IPv6: its containers have none. */
  readonly ipv6?: AddressSpace
  readonly internal: boolean
  readonly attachable?: boolean
  readonly bridge: string
  readonly labels: Readonly<Record<string, string>>
  readonly options: Readonly<Record<string, string>>
  /** Of the IPAM driver; kept only. */
  readonly ipamOptions?: Readonly<Record<string, string>>
  /** Present: it is no network, but what others are made from. */
  readonly config?: NetworkWishes
  /** Name of the one that it was made from. */
  readonly configFrom?: string
}

/** What is wished of the addresses of one family; the rest is chosen. */
export interface AddressWishes {
  readonly subnet?: string
  readonly gateway?: string
  readonly ipRange?: string
  readonly reserved?: Readonly<Record<string, string>>
}

export interface NetworkWishes extends AddressWishes {
  readonly name: string
  readonly driver?: string
  /** False: the network has IPv6 alone. */
  readonly ipv4?: boolean
  /** Present: the network has IPv6 too. */
  readonly ipv6?: AddressWishes
  readonly internal?: boolean
  readonly attachable?: boolean
  readonly labels?: Readonly<Record<string, string>>
  readonly options?: Readonly<Record<string, string>>
  readonly ipamOptions?: Readonly<Record<string, string>>
  /** It is to hold a configuration for others. */
  readonly configOnly?: boolean
  /** Name of the network whose configuration it takes. */
  readonly configFrom?: string
}

export interface EndpointRequest {
  readonly ipv4?: string
  readonly ipv6?: string
  /** Names that others on the network find it by. */
  readonly names?: readonly string[]
  readonly macAddress?: string
  /** See `Endpoint`. */
  readonly aliases?: Readonly<Record<string, readonly string[]>>
  readonly gatewayPriority?: number
  /** Of the interface in the container; one that is free when absent. */
  readonly interfaceName?: string
  /** Addresses that the interface has besides (169.254.0.0/16, fe80::/64). */
  readonly linkLocal?: readonly string[]
  /** Values by file below /proc/sys, in which IFNAME stands for the interface's name. */
  readonly sysctls?: Readonly<Record<string, string>>
}

/** How a container resolves what its networks don't know. */
export interface Resolving {
  /** Servers of its own (`--dns`); none: the host's. */
  readonly servers: readonly string[]
  /** It was given `ndots` above 0. */
  readonly ndots: boolean
}

/** The part of networks that must not stop when the daemon does (`src/keeper/`). */
export interface NetworkKeeper {
  /** In force before any process that is started afterwards. */
  tell(news: NameNews): void
  /** Resolves with the reason when the ports can't be had. */
  hold(ports: PortsOfContainer): Promise<string | undefined>
  holdOnly(containers: readonly string[]): Promise<void>
}

export interface NetworksOptions {
  readonly store: Store
  /** Volatile directory; namespaces are mounted in `netns` below it. */
  readonly runDirectory: string
  /** Short name that keeps tables and bridges apart from another instance's. */
  readonly instance: string
  /** Subnet that networks without a subnet of their own are cut from, a /24 each. */
  readonly pool: string
  /** Present: the default bridge has IPv6. */
  readonly bridgeIPv6?: AddressWishes | undefined
  readonly clock: Clock
  readonly log: Log
  /** Absent where no container runs. */
  readonly keeper?: NetworkKeeper
  /** Name of a container, for messages. */
  readonly nameOf?: (container: string) => string | undefined
  readonly onEvent?: (
    action: 'create' | 'destroy' | 'connect' | 'disconnect',
    id: string,
    attributes: Readonly<Record<string, string>>,
  ) => void
}

export const builtIn: readonly string[] = ['bridge', 'host', 'none']
