import { createServer, Socket } from 'node:net'
import { bind, check } from '#host/kernel/library.ts'
import { messagesIn, type Message } from '#host/netlink/message.ts'
import { protocol } from '#host/netlink/socket.ts'

const libc = bind({
  socket: { arguments: ['i32', 'i32', 'i32'], return: 'i32' },
  bind: { arguments: ['i32', 'buffer', 'u32'], return: 'i32' },
})

/** What was taken away: rules, with their tables, chains and sets, by whomever; or elements of sets by another process. */
export type Removal = 'rules' | 'elements'

/** Messages of nf_tables that take rules away: DELTABLE, DELCHAIN, DELRULE, DELSET. */
const ruleRemovals: ReadonlySet<number> = new Set([2, 5, 8, 11])
const NFT_MSG_DELSETELEM = 14
const NFNL_SUBSYS_NFTABLES = 10

/** What is told of a table. */
export interface TableWatcher {
  readonly removed: (what: Removal) => void
  /** The kernel could not tell everything, as too much happened at once: nothing more is told. */
  readonly lost: () => void
}

/**
 * Tells when something of a table is deleted, in the network namespace that the thread has now. The kernel says so by itself
 * (nfnetlink's multicast group): nothing is polled. Elements come and go all the time, so those that this process deletes by `nft` are
 * passed over. Throws `SystemCallError`.
 */
export function watchTable(table: string, { removed, lost }: TableWatcher): Disposable {
  const socket = adopt(openMonitor())
  const name = Buffer.from(`${table}\0`)
  socket.on('data', (bytes: Buffer) => {
    for (const what of removals(bytes, name)) removed(what)
  })
  let ended = false
  // Too many changes at once overflow the socket (ENOBUFS).
  socket.on('error', () => undefined)
  socket.on('close', () => {
    if (!ended) lost()
  })
  return {
    [Symbol.dispose]() {
      ended = true
      socket.destroy()
    },
  }
}

function openMonitor(): number {
  const [AF_NETLINK, SOCK_RAW, SOCK_NONBLOCK, SOCK_CLOEXEC, NFNLGRP_NFTABLES] = [16, 3, 0o4000, 0o2000000, 7]
  const fd = check(libc.socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol.netfilter), 'socket')
  // netlink(7), sockaddr_nl: family, padding, port, bit mask of groups.
  const name = Buffer.alloc(12)
  name.writeUInt16LE(AF_NETLINK, 0)
  name.writeUInt32LE(1 << (NFNLGRP_NFTABLES - 1), 8)
  check(libc.bind(fd, name, 12), 'bind')
  return fd
}

interface PipeHandle {
  open(fd: number): number
}

/**
 * A stream of what a descriptor of any kind has to read. Node's own constructors take only kinds that they know; the handle
 * below them, a pipe's, reads whatever the kernel can wait for.
 */
function adopt(fd: number): Socket {
  const server = createServer().listen({ path: `\0galley-${process.pid}-${fd}` })
  const Pipe = (server as unknown as { _handle: { constructor: new (kind: number) => PipeHandle } })._handle.constructor
  server.close()
  const handle = new Pipe(0)
  handle.open(fd)
  const socket = new Socket({ handle, readable: true, writable: false } as object)
  socket.unref()
  return socket
}

/** The removals among messages that name the table. */
function removals(bytes: Buffer, table: Buffer): Set<Removal> {
  const naming = [...messagesIn(bytes)].filter(({ body }) => body.includes(table))
  return new Set(naming.flatMap((message) => removalOf(message) ?? []))
}

/** The kernel names the first socket that a process opens after the process: that is the one of `nft`, which is used before anything is watched. */
function removalOf({ type, port }: Message): Removal | undefined {
  if (type >> 8 !== NFNL_SUBSYS_NFTABLES) return undefined
  if (ruleRemovals.has(type & 0xff)) return 'rules'
  return (type & 0xff) === NFT_MSG_DELSETELEM && port !== process.pid ? 'elements' : undefined
}
