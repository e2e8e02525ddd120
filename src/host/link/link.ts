import { readFileSync } from 'node:fs'
import { bind } from '#host/kernel/library.ts'
import { attribute, text, u32, type RouteSocket } from './netlink.ts'

const [RTM_NEWLINK, RTM_DELLINK, RTM_NEWADDR, RTM_NEWROUTE] = [16, 17, 20, 24]
const CREATE_EXCLUSIVE = 0x600
const [IFLA_ADDRESS, IFLA_IFNAME, IFLA_MASTER, IFLA_LINKINFO, IFLA_NET_NS_FD] = [1, 3, 10, 18, 28]
const [IFLA_INFO_KIND, IFLA_INFO_DATA, VETH_INFO_PEER] = [1, 2, 1]
const IFF_UP = 1

/** The interface header (rtnetlink(7), ifinfomsg). */
function header({ index = 0, up = false }: { index?: number; up?: boolean } = {}): Buffer {
  const bytes = Buffer.alloc(16)
  bytes.writeInt32LE(index, 4)
  if (up) {
    bytes.writeUInt32LE(IFF_UP, 8)
    bytes.writeUInt32LE(IFF_UP, 12)
  }
  return bytes
}

/** Index of an interface in the host's namespace; undefined when there is none of that name. */
export function linkIndex(name: string): number | undefined {
  try {
    return Number(readFileSync(`/sys/class/net/${name}/ifindex`, 'utf8'))
  } catch {
    return undefined
  }
}

export function createBridge(socket: RouteSocket, name: string): void {
  const info = attribute(IFLA_LINKINFO, text(IFLA_INFO_KIND, 'bridge'))
  socket.request(RTM_NEWLINK, CREATE_EXCLUSIVE, Buffer.concat([header({ up: true }), text(IFLA_IFNAME, name), info]), `create bridge ${name}`)
}

export interface VethSpec {
  /** Name of the host's end. */
  readonly name: string
  /** Index of the bridge that it joins. */
  readonly bridge: number
  /** Name and hardware address of the other end, and the namespace that it goes to. */
  readonly peer: { readonly name: string; readonly mac: string; readonly namespace: number }
}

/** Makes a pair of interfaces, one end on a bridge and up, the other in a container, in one message. */
export function createVeth(socket: RouteSocket, { name, bridge, peer }: VethSpec): void {
  const mac = attribute(IFLA_ADDRESS, Buffer.from(peer.mac.replaceAll(':', ''), 'hex'))
  const other = attribute(VETH_INFO_PEER, Buffer.concat([header(), text(IFLA_IFNAME, peer.name), u32(IFLA_NET_NS_FD, peer.namespace), mac]))
  const info = attribute(IFLA_LINKINFO, Buffer.concat([text(IFLA_INFO_KIND, 'veth'), attribute(IFLA_INFO_DATA, other)]))
  socket.request(RTM_NEWLINK, CREATE_EXCLUSIVE, Buffer.concat([header({ up: true }), text(IFLA_IFNAME, name), u32(IFLA_MASTER, bridge), info]), `create veth ${name}`)
}

export function setUp(socket: RouteSocket, name: string): void {
  socket.request(RTM_NEWLINK, 0, Buffer.concat([header({ up: true }), text(IFLA_IFNAME, name)]), `set ${name} up`)
}

export function deleteLink(socket: RouteSocket, name: string): void {
  socket.request(RTM_DELLINK, 0, Buffer.concat([header(), text(IFLA_IFNAME, name)]), `delete ${name}`)
}

export function addAddress(socket: RouteSocket, index: number, { address, prefixLength }: { readonly address: string; readonly prefixLength: number }): void {
  const bytes = ipv4(address)
  const head = Buffer.alloc(8)
  head[0] = 2
  head[1] = prefixLength
  head.writeUInt32LE(index, 4)
  const [IFA_ADDRESS, IFA_LOCAL] = [1, 2]
  socket.request(RTM_NEWADDR, CREATE_EXCLUSIVE, Buffer.concat([head, attribute(IFA_LOCAL, bytes), attribute(IFA_ADDRESS, bytes)]), `add address ${address}`)
}

export function addDefaultRoute(socket: RouteSocket, gateway: string): void {
  const head = Buffer.alloc(12)
  const [AF_INET, RT_TABLE_MAIN, RTPROT_BOOT, RT_SCOPE_UNIVERSE, RTN_UNICAST] = [2, 254, 3, 0, 1]
  head.set([AF_INET, 0, 0, 0, RT_TABLE_MAIN, RTPROT_BOOT, RT_SCOPE_UNIVERSE, RTN_UNICAST])
  const RTA_GATEWAY = 5
  socket.request(RTM_NEWROUTE, CREATE_EXCLUSIVE, Buffer.concat([head, attribute(RTA_GATEWAY, ipv4(gateway))]), `add route by ${gateway}`)
}

function ipv4(address: string): Buffer {
  return Buffer.from(address.split('.').map(Number))
}

const libc = bind({ if_nametoindex: { arguments: ['string'], return: 'u32' } })

/** Index of an interface in the thread's current namespace (if_nametoindex(3)); 0 when there is none. */
export function indexHere(name: string): number {
  return libc.if_nametoindex(name)
}
