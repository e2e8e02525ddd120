import { isIPv6 } from 'node:net'
import { networkInterfaces } from 'node:os'
import { addressBytes } from '#base/ip-address.ts'
import { attribute, attributesIn, encodeMessage, flag, nested } from '#host/netlink/message.ts'
import { NetlinkSocket, protocol } from '#host/netlink/socket.ts'
import { addressOf, type Listener } from './listener.ts'

/** What errors call it. */
const ctnetlink = 'ctnetlink'
/** linux/netfilter/nfnetlink_conntrack.h: types of messages of ctnetlink, which is nfnetlink's subsystem 1. */
const [IPCTNL_MSG_CT_GET, IPCTNL_MSG_CT_DELETE] = [0x101, 0x102]
const [CTA_TUPLE_ORIG, CTA_TUPLE_REPLY, CTA_ID, CTA_ZONE] = [1, 2, 12, 18]
const [CTA_TUPLE_IP, CTA_TUPLE_PROTO] = [1, 2]
const [CTA_PROTO_NUM, CTA_PROTO_DST_PORT] = [1, 3]
const [CTA_FILTER, CTA_FILTER_ORIG_FLAGS, CTA_FILTER_REPLY_FLAGS] = [25, 1, 2]
/** Source and destination by family: CTA_IP_V4_SRC, CTA_IP_V4_DST, CTA_IP_V6_SRC, CTA_IP_V6_DST. */
const addressAttributes = { 2: [1, 2], 10: [3, 4] } as const
/** net/netfilter/nf_conntrack_netlink.c: which parts of a tuple a dump is narrowed by (since Linux 5.8; earlier ones tell all). */
const [byProtocol, byDestinationPort] = [1 << 3, 1 << 5]
const IPPROTO_UDP = 17

/** One client's datagrams, as the kernel follows them (conntrack). */
interface Flow {
  /** Where the client sends them. */
  readonly to: Listener
  /** Who answers. */
  readonly answeredBy: Listener
  /** What names it to the kernel. */
  readonly name: readonly Buffer[]
}

/** A port of this host whose clients are to be led anew. */
export interface Turn {
  /** The address may stand for all of a family. */
  readonly port: Listener
  /** Whoever this one answers stays; undefined: nobody does. */
  readonly keeps?: Listener | undefined
}

interface Request {
  readonly turns: readonly Turn[]
  readonly done: PromiseWithResolvers<void>
}

let waiting: Request[] = []
let isAtWork = false

/**
 * Forgets who answered the datagrams that clients sent to ports of this host, in the network namespace that the thread has when it gets
 * to that: what they send next is led as the rules are now. The kernel looks through all that it follows, which takes it 20 ms however
 * little that is: once a family for all ports, and for all that is asked for meanwhile, and the thread does other things. Throws `SystemCallError`.
 */
export async function forgetDatagramFlows(turns: readonly Turn[]): Promise<void> {
  if (turns.length === 0) return
  const done = Promise.withResolvers<void>()
  waiting.push({ turns, done })
  if (!isAtWork) void work()
  await done.promise
}

async function work(): Promise<void> {
  isAtWork = true
  while (waiting.length > 0) {
    const requests = waiting
    waiting = []
    try {
      await forgetAll(requests.flatMap(({ turns }) => turns))
      for (const { done } of requests) done.resolve()
    } catch (error) {
      for (const { done } of requests) done.reject(error)
    }
  }
  isAtWork = false
}

async function forgetAll(turns: readonly Turn[]): Promise<void> {
  const ours = new Set(Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map(({ address }) => address)))
  const isOurs = (address: string): boolean => ours.has(address) || address.startsWith('127.')
  await Promise.all(
    ([2, 10] as const).map((family) =>
      forgetOf(
        family,
        turns.filter(({ port }) => isIPv6(port.address) === (family === 10)),
        isOurs,
      ),
    ),
  )
}

async function forgetOf(family: 2 | 10, turns: readonly Turn[], isOurs: (address: string) => boolean): Promise<void> {
  if (turns.length === 0) return
  const byPort = Map.groupBy(turns.map(canonicalTurn), ({ port }) => port.port)
  const isMeant = ({ to, answeredBy }: Flow): boolean =>
    (byPort.get(to.port) ?? []).some(({ port, keeps }) => {
      if (answeredBy.address === keeps?.address && answeredBy.port === keeps.port) return false
      return ['0.0.0.0', '::'].includes(port.address) ? isOurs(to.address) : to.address === port.address
    })
  const [first] = byPort.keys()
  using socket = new NetlinkSocket(protocol.netfilter)
  const bodies = await socket.askPatiently(question(family, byPort.size === 1 ? first : undefined), ctnetlink)
  const flows = bodies.flatMap((body) => flowOf(body, family) ?? [])
  for (const { name } of flows.filter(isMeant)) forget(socket, family, name)
}

function canonicalTurn({ port, keeps }: Turn): Turn {
  return { port: canonical(port), keeps: keeps && canonical(keeps) }
}

/** An address of IPv6 can be written in several ways. */
function canonical({ address, port }: Listener): Listener {
  return { address: addressOf(addressBytes(address)), port }
}

/** One that ended by itself meanwhile is forgotten already. */
function forget(socket: NetlinkSocket, family: number, name: readonly Buffer[]): void {
  try {
    socket.ask(encodeMessage(IPCTNL_MSG_CT_DELETE, flag.request | flag.acknowledge, Buffer.concat([generic(family), ...name])), ctnetlink)
  } catch (error) {
    if ((error as { code?: string }).code !== 'ENOENT') throw error
  }
}

/** What is sent to one port or, without, to any. */
function question(family: 2 | 10, port: number | undefined): Buffer {
  const number = Buffer.alloc(2)
  number.writeUInt16BE(port ?? 0)
  const about = [
    attribute(CTA_PROTO_NUM, Buffer.from([IPPROTO_UDP])),
    ...(port === undefined ? [] : [attribute(CTA_PROTO_DST_PORT, number)]),
  ]
  const tuple = nested(CTA_TUPLE_ORIG, [nested(CTA_TUPLE_PROTO, about)])
  const flags = Buffer.alloc(4)
  flags.writeUInt32LE(byProtocol | (port === undefined ? 0 : byDestinationPort))
  const filter = nested(CTA_FILTER, [attribute(CTA_FILTER_ORIG_FLAGS, flags), attribute(CTA_FILTER_REPLY_FLAGS, Buffer.alloc(4))])
  return encodeMessage(IPCTNL_MSG_CT_GET, flag.request | flag.dump, Buffer.concat([generic(family), tuple, filter]))
}

/** `struct nfgenmsg`: family, version, and no resource. */
function generic(family: number): Buffer {
  return Buffer.from([family, 0, 0, 0])
}

/** Undefined for what is no flow of datagrams. */
function flowOf(body: Buffer, family: 2 | 10): Flow | undefined {
  const all = attributesIn(body.subarray(4))
  const [original, reply] = [CTA_TUPLE_ORIG, CTA_TUPLE_REPLY].map((type) => tupleOf(all.get(type), family))
  if (original === undefined || reply === undefined) return undefined
  const name = [CTA_TUPLE_ORIG, CTA_ID, CTA_ZONE].flatMap((type) => {
    const value = all.get(type)
    if (value === undefined) return []
    return type === CTA_TUPLE_ORIG ? nested(type, [value]) : attribute(type, value)
  })
  return { to: original.destination, answeredBy: reply.source, name }
}

function tupleOf(value: Buffer | undefined, family: 2 | 10): { readonly source: Listener; readonly destination: Listener } | undefined {
  const parts = attributesIn(value ?? Buffer.alloc(0))
  const addresses = attributesIn(parts.get(CTA_TUPLE_IP) ?? Buffer.alloc(0))
  const numbers = attributesIn(parts.get(CTA_TUPLE_PROTO) ?? Buffer.alloc(0))
  if (numbers.get(CTA_PROTO_NUM)?.[0] !== IPPROTO_UDP) return undefined
  const [source, destination] = addressAttributes[family].flatMap((type, index) => {
    const bytes = addresses.get(type)
    return bytes === undefined ? [] : { address: addressOf(bytes), port: numbers.get(CTA_PROTO_DST_PORT - 1 + index)?.readUInt16BE(0) ?? 0 }
  })
  return source === undefined || destination === undefined ? undefined : { source, destination }
}
