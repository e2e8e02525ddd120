import { addressBytes } from '#base/ip-address.ts'
import { bind } from '#host/kernel/library.ts'
import { attribute, text, u32 } from '#host/netlink/message.ts'
import type { RouteSocket } from './route-socket.ts'

const libc = bind({ if_nametoindex: { arguments: ['string'], return: 'u32' } })

const [RTM_NEWLINK, RTM_NEWADDR, RTM_NEWROUTE] = [16, 20, 24]
const CREATE_EXCLUSIVE = 0x600
const CREATE_REPLACE = 0x500
const [IFLA_ADDRESS, IFLA_IFNAME, IFLA_MTU, IFLA_MASTER, IFLA_LINKINFO, IFLA_NET_NS_FD] = [1, 3, 4, 10, 18, 28]
const [IFLA_INFO_KIND, IFLA_INFO_DATA, VETH_INFO_PEER] = [1, 2, 1]
const IFF_UP = 1

/** The interface header (rtnetlink(7), ifinfomsg). */
export function header({ index = 0, up = false }: { index?: number; up?: boolean } = {}): Buffer {
  const bytes = Buffer.alloc(16)
  bytes.writeInt32LE(index, 4)
  if (up) {
    bytes.writeUInt32LE(IFF_UP, 8)
    bytes.writeUInt32LE(IFF_UP, 12)
  }
  return bytes
}

/** Index of an interface in the thread's network namespace; undefined when there is none of that name. */
export function linkIndex(name: string): number | undefined {
  const index = libc.if_nametoindex(name)
  return index === 0 ? undefined : index
}

/** Makes a bridge that is up. Its hardware address is set for good: one that follows the ports would spoil the containers' ARP caches. */
export function createBridge(
  socket: RouteSocket,
  { name, mac, mtu }: { readonly name: string; readonly mac: string; readonly mtu?: number },
): void {
  const info = attribute(IFLA_LINKINFO, text(IFLA_INFO_KIND, 'bridge'))
  socket.request(
    RTM_NEWLINK,
    CREATE_EXCLUSIVE,
    Buffer.concat([header({ up: true }), text(IFLA_IFNAME, name), hardware(mac), size(mtu), info]),
    `create bridge ${name}`,
  )
}

export interface VethSpec {
  /** Name of the host's end. */
  readonly name: string
  /** Index of the bridge that it joins. */
  readonly bridge: number
  readonly mtu?: number
  /** Name and hardware address of the other end, and the namespace that it goes to. */
  readonly peer: { readonly name: string; readonly mac: string; readonly namespace: number }
}

/** Makes a pair of interfaces, one end on a bridge and up, the other in a container, in one message. */
export function createVeth(socket: RouteSocket, { name, bridge, mtu, peer }: VethSpec): void {
  const other = attribute(
    VETH_INFO_PEER,
    Buffer.concat([header(), text(IFLA_IFNAME, peer.name), u32(IFLA_NET_NS_FD, peer.namespace), hardware(peer.mac), size(mtu)]),
  )
  const info = attribute(IFLA_LINKINFO, Buffer.concat([text(IFLA_INFO_KIND, 'veth'), attribute(IFLA_INFO_DATA, other)]))
  socket.request(
    RTM_NEWLINK,
    CREATE_EXCLUSIVE,
    Buffer.concat([header({ up: true }), text(IFLA_IFNAME, name), u32(IFLA_MASTER, bridge), size(mtu), info]),
    `create veth ${name}`,
  )
}

/** Lets a bridge send frames back by the port that they came from. */
export function allowHairpin(socket: RouteSocket, port: string): void {
  const IFLA_BRPORT_MODE = 4
  setPort(socket, port, IFLA_BRPORT_MODE)
}

/** Keeps a bridge from passing frames between this port and other ports that are isolated; the bridge itself is reached. */
export function isolate(socket: RouteSocket, port: string): void {
  const IFLA_BRPORT_ISOLATED = 33
  setPort(socket, port, IFLA_BRPORT_ISOLATED)
}

function setPort(socket: RouteSocket, port: string, flag: number): void {
  const [IFLA_INFO_SLAVE_KIND, IFLA_INFO_SLAVE_DATA] = [4, 5]
  const data = attribute(IFLA_INFO_SLAVE_DATA, attribute(flag, Buffer.from([1])))
  const info = attribute(IFLA_LINKINFO, Buffer.concat([text(IFLA_INFO_SLAVE_KIND, 'bridge'), data]))
  socket.request(RTM_NEWLINK, 0, Buffer.concat([header(), text(IFLA_IFNAME, port), info]), `set flag ${flag} of ${port}`)
}

export function setUp(socket: RouteSocket, name: string): void {
  socket.request(RTM_NEWLINK, 0, Buffer.concat([header({ up: true }), text(IFLA_IFNAME, name)]), `set ${name} up`)
}

const [AF_INET, AF_INET6] = [2, 10]

/** Gives an interface an address of either family, ready for use at once: nobody else can have chosen the same (RFC 4862, 5.4). */
export function addAddress(
  socket: RouteSocket,
  index: number,
  { address, prefixLength }: { readonly address: string; readonly prefixLength: number },
): void {
  const bytes = addressBytes(address)
  const IFA_F_NODAD = 2
  const head = Buffer.alloc(8)
  head.set([familyOf(bytes), prefixLength, familyOf(bytes) === AF_INET6 ? IFA_F_NODAD : 0])
  head.writeUInt32LE(index, 4)
  const [IFA_ADDRESS, IFA_LOCAL] = [1, 2]
  socket.request(
    RTM_NEWADDR,
    CREATE_EXCLUSIVE,
    Buffer.concat([head, attribute(IFA_LOCAL, bytes), attribute(IFA_ADDRESS, bytes)]),
    `add address ${address}`,
  )
}

/** The default route of the gateway's family, by this interface where it is said: a gateway that is local to a link has to have one. */
export function setDefaultRoute(socket: RouteSocket, gateway: string, index?: number): void {
  const bytes = addressBytes(gateway)
  const head = Buffer.alloc(12)
  const [RT_TABLE_MAIN, RTPROT_BOOT, RT_SCOPE_UNIVERSE, RTN_UNICAST] = [254, 3, 0, 1]
  head.set([familyOf(bytes), 0, 0, 0, RT_TABLE_MAIN, RTPROT_BOOT, RT_SCOPE_UNIVERSE, RTN_UNICAST])
  const [RTA_OIF, RTA_GATEWAY] = [4, 5]
  const out = Buffer.alloc(4)
  out.writeUInt32LE(index ?? 0)
  const by = index === undefined ? [] : [attribute(RTA_OIF, out)]
  socket.request(RTM_NEWROUTE, CREATE_REPLACE, Buffer.concat([head, attribute(RTA_GATEWAY, bytes), ...by]), `add route by ${gateway}`)
}

function familyOf(bytes: Buffer): number {
  return bytes.length === 4 ? AF_INET : AF_INET6
}

function hardware(mac: string): Buffer {
  return attribute(IFLA_ADDRESS, Buffer.from(mac.replaceAll(':', ''), 'hex'))
}

function size(mtu: number | undefined): Buffer {
  return mtu === undefined ? Buffer.alloc(0) : u32(IFLA_MTU, mtu)
}
