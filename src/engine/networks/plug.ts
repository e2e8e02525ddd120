import { createHash, randomBytes } from 'node:crypto'
import { closeSync, existsSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { isIPv4, isIPv6 } from 'node:net'
import { GalleyError, kindOf, reasonOf } from '#base/error.ts'
import { addressBytes } from '#base/ip-address.ts'
import type { Endpoint } from '#engine/containers/model.ts'
import { addAddress, allowHairpin, createBridge, createVeth, isolate, linkIndex, setDefaultRoute, setUp } from '#host/link/link.ts'
import { RouteSocket } from '#host/link/route-socket.ts'
import { bridgesOf, markLink } from '#host/link/owned.ts'
import { insideNetworkNamespace } from '#host/netns/inside.ts'
import { forwardIPv6, giveIPv6, setIPv6 } from '#host/netns/ipv6.ts'
import { nftHere } from '#host/nftables/run.ts'
import { run } from '#host/process/run.ts'
import { listenAddress } from '#keeper/names/listen-address.ts'
import { parseSubnet } from './address.ts'
import { bridgeOptions } from './bridge-options.ts'
import { markOf } from './mark.ts'
import type { AddressSpace, EndpointRequest, Network } from './model.ts'
import { hasOwnName } from './plan.ts'

/**
 * A network's bridge with its gateway addresses, marked as the instance's; does nothing when it is there. One of the host's that has the
 * name which the network's options say gets the addresses that it lacks, and stays the host's.
 */
export function bringUp(network: Network, instance: string): void {
  const { bridge, gateway, subnet, ipv6, options } = network
  if (ipv6 !== undefined) forwardIPv6()
  if (linkIndex(bridge) !== undefined) return hasOwnName(network) ? adopt(network) : undefined
  using socket = new RouteSocket()
  const { mtu, inhibitIPv4 } = bridgeOptions(options)
  createBridge(socket, { name: bridge, mac: `02:42:${pairs(randomBytes(4))}`, ...(mtu !== undefined && { mtu }) })
  markLink(socket, bridge, markOf(instance))
  const index = linkIndex(bridge) ?? 0
  if (gateway !== '' && !inhibitIPv4) addAddress(socket, index, { address: gateway, prefixLength: parseSubnet(subnet).prefixLength })
  giveBridgeIPv6(socket, bridge, ipv6)
  // Ports published on 127.0.0.1 arrive over the bridge; the `guard` chain keeps others from using this.
  writeFileSync(`/proc/sys/net/ipv4/conf/${bridge}/route_localnet`, '1')
}

/** A bridge that somebody else made, or this instance before its daemon started again. */
function adopt({ bridge, gateway, subnet, ipv6, options }: Network): void {
  using socket = new RouteSocket()
  const index = linkIndex(bridge) ?? 0
  const spaces = [...(bridgeOptions(options).inhibitIPv4 ? [] : [{ gateway, subnet }]), ...(ipv6 === undefined ? [] : [ipv6])]
  setUp(socket, bridge)
  if (ipv6 !== undefined) setIPv6(bridge, true)
  for (const space of spaces.filter((each) => each.gateway !== '')) {
    try {
      addAddress(socket, index, { address: space.gateway, prefixLength: parseSubnet(space.subnet).prefixLength })
    } catch (error) {
      if ((error as { code?: string }).code !== 'EEXIST') throw error
    }
  }
  writeFileSync(`/proc/sys/net/ipv4/conf/${bridge}/route_localnet`, '1')
}

/** Deletes a network's bridge, unless that is the host's own. */
export async function deleteBridge(network: Network, instance: string): Promise<void> {
  const { bridge } = network
  if (!hasOwnName(network) || (await bridgesOf(markOf(instance))).includes(bridge)) await deleteInterface(bridge)
}

/** Gives a bridge other addresses of IPv6 than it had, or none any more. */
export function renewIPv6({ bridge, ipv6 }: Network): void {
  if (linkIndex(bridge) === undefined) return
  if (ipv6 !== undefined) forwardIPv6()
  using socket = new RouteSocket()
  // Takes all of its addresses of this family away.
  setIPv6(bridge, false)
  giveBridgeIPv6(socket, bridge, ipv6)
}

function giveBridgeIPv6(socket: RouteSocket, bridge: string, ipv6: AddressSpace | undefined): void {
  // Without an address of its own, the host would have one of the link all the same.
  if (ipv6 === undefined || ipv6.gateway === '') return setIPv6(bridge, false)
  giveIPv6(bridge)
  addAddress(socket, linkIndex(bridge) ?? 0, { address: ipv6.gateway, prefixLength: parseSubnet(ipv6.subnet).prefixLength })
}

/** Deletes an interface of the host in a process of its own: the kernel makes the caller wait 30 ms for it. */
export async function deleteInterface(name: string): Promise<void> {
  if (linkIndex(name) !== undefined) await run('ip', ['link', 'delete', name])
}

/** A pair of interfaces between a network's bridge and a container's namespace, with default routes by `gateways`. */
export function plug(
  namespace: string,
  network: Network,
  how: { readonly endpoint: Endpoint; readonly interfaceName: string; readonly gateways: readonly string[] } & Pick<
    EndpointRequest,
    'linkLocal' | 'sysctls'
  >,
): void {
  const { endpoint, interfaceName, gateways, linkLocal = [], sysctls = {} } = how
  const fd = openSync(namespace, 'r')
  try {
    using outside = new RouteSocket()
    const { mtu, icc } = bridgeOptions(network.options)
    const peer = { name: interfaceName, mac: endpoint.macAddress, namespace: fd }
    const name = hostInterface(endpoint.endpointId)
    createVeth(outside, { name, bridge: linkIndex(network.bridge) ?? 0, peer, ...(mtu !== undefined && { mtu }) })
    if (!icc) isolate(outside, name)
  } finally {
    closeSync(fd)
  }
  insideNetworkNamespace(namespace, () => {
    using inside = new RouteSocket()
    const index = linkIndex(interfaceName) ?? 0
    if (endpoint.ipv6 !== undefined || linkLocal.some(isIPv6)) giveIPv6(interfaceName)
    setUp(inside, interfaceName)
    if (endpoint.ipAddress !== '') addAddress(inside, index, { address: endpoint.ipAddress, prefixLength: endpoint.prefixLength })
    if (endpoint.ipv6 !== undefined) addAddress(inside, index, endpoint.ipv6)
    for (const address of linkLocal) addAddress(inside, index, { address, prefixLength: isIPv6(address) ? 64 : 16 })
    for (const gateway of gateways) setDefaultRoute(inside, gateway, /^fe[89ab]/i.test(gateway) ? index : undefined)
    for (const [file, value] of Object.entries(sysctls)) writeSetting(file.replace('/IFNAME/', `/${interfaceName}/`), value)
  })
}

/** A setting of the interface that was just made, in the namespace that the thread has. Throws `invalid`. */
function writeSetting(file: string, value: string): void {
  try {
    writeFileSync(`/proc/sys/${file}`, value)
  } catch (error) {
    throw new GalleyError('invalid', `cannot set ${file} to ${value}: ${reasonOf(error)}`, { subject: file })
  }
}

/**
 * Leads a container's questions for names to its resolver. In rules of its own namespace, so that port 53 is free there. They stay
 * once they are there: making anew a table that is deleted makes the kernel wait for 6 ms and more, at each start.
 */
export function leadToResolver(namespace: string): void {
  const { address, port } = listenAddress
  const rules = ['udp', 'tcp'].map(
    (protocol) => `add rule ip galley output ip daddr ${address} ${protocol} dport 53 dnat to ${address}:${port}`,
  )
  const chain = 'add chain ip galley output { type nat hook output priority -100; policy accept; }'
  try {
    insideNetworkNamespace(namespace, () => nftHere(`${['create table ip galley', chain, ...rules].join('\n')}\n`))
  } catch (error) {
    if (kindOf(error) !== 'already exists') throw error
  }
}

/** Gives a namespace that lost its default route of a gateway's family another one. */
export function routeBy(namespace: string, gateway: string): void {
  insideNetworkNamespace(namespace, () => {
    if (isIPv4(gateway) ? hasDefaultRoute() : hasDefaultIPv6Route()) return
    using socket = new RouteSocket()
    setDefaultRoute(socket, gateway)
  })
}

/**
 * Lets a container reach its own published ports. Where the host filters bridged traffic (br_netfilter, which Docker and Kubernetes
 * load), such a packet turns round inside the bridge instead of passing through the host.
 */
export function turnRound({ endpointId }: Endpoint): void {
  if (linkIndex(hostInterface(endpointId)) === undefined) return
  using socket = new RouteSocket()
  allowHairpin(socket, hostInterface(endpointId))
}

/** The first of eth0, eth1, … that the namespace doesn't have; `prefix` is what comes before the number. */
export function freeInterface(namespace: string, prefix: string): string {
  return insideNetworkNamespace(namespace, () => {
    let number = 0
    while (linkIndex(`${prefix}${number}`) !== undefined) number++
    return `${prefix}${number}`
  })
}

/** Name of the host's end of an endpoint's pair. */
export function hostInterface(endpointId: string): string {
  return `gv${endpointId.slice(0, 12)}`
}

/** Forwarding between interfaces, without which no container gets anywhere. */
export function allowForwarding(): void {
  const path = '/proc/sys/net/ipv4/ip_forward'
  if (existsSync(path) && readFileSync(path, 'utf8').trim() !== '1') writeFileSync(path, '1')
}

/** A hardware address that follows from the address, so that neighbours' caches hold when it is used again. */
export function macOf(address: string): string {
  const bytes = isIPv4(address) ? addressBytes(address) : createHash('sha256').update(addressBytes(address)).digest().subarray(0, 4)
  return `02:42:${pairs(bytes)}`
}

function pairs(bytes: Buffer): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(':')
}

/** /proc/thread-self, as only this thread has entered the namespace. */
function hasDefaultRoute(): boolean {
  return readFileSync('/proc/thread-self/net/route', 'utf8')
    .split('\n')
    .slice(1)
    .some((line) => line.split('\t')[1] === '00000000')
}

/** The kernel's own row that refuses everything belongs to `lo`. */
function hasDefaultIPv6Route(): boolean {
  return readFileSync('/proc/thread-self/net/ipv6_route', 'utf8')
    .split('\n')
    .some((line) => /^0{32} 00 /.test(line) && !line.endsWith(' lo'))
}
