import { createSocket } from 'node:dgram'
import { readFileSync, statSync } from 'node:fs'
import { isIP, isIPv6, Socket } from 'node:net'
import type { Clock } from '#base/clock.ts'
import { addressBytes, addressText } from '#base/ip-address.ts'
import { boundSocket, connectingSocket } from '#host/netns/sockets.ts'

/** A server to forward to, and the network namespace to ask it from: undefined is the host's. */
export interface Upstream {
  readonly address: string
  readonly namespace: string | undefined
}

/** Milliseconds for which one server may keep a query waiting. */
const patience = 2000

/** What one server answers; undefined when it doesn't in time. The bytes are passed as they are. */
export async function askUpstream(
  clock: Clock,
  query: Buffer,
  { server, transport }: { readonly server: Upstream; readonly transport: 'udp' | 'tcp' },
): Promise<Buffer | undefined> {
  try {
    return await (transport === 'udp' ? askByDatagram : askByStream)(clock, query, server)
  } catch {
    return undefined
  }
}

/**
 * Queries leave from the container's own namespace, so that its routes, rules and isolation hold for them too: a network
 * without a way outside leaks no names (CVE-2024-29018). Only replies of the server asked, to the number asked, count.
 */
function askByDatagram(clock: Clock, query: Buffer, { address, namespace }: Upstream): Promise<Buffer | undefined> {
  const fd = boundSocket(namespace, 'udp', { address: isIPv6(address) ? '::' : '0.0.0.0', port: 0 })
  const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4')
  return new Promise((resolve) => {
    let settled = false
    const settle = (reply?: Buffer): void => {
      // Closing it ends a send that is under way, which tells of that here.
      if (settled) return
      settled = true
      timer[Symbol.dispose]()
      socket.close()
      resolve(reply)
    }
    const timer = clock.after(patience, settle)
    socket.on('error', () => settle())
    socket.on('message', (reply) => isReplyTo(query, reply) && settle(reply))
    // Connected, it takes replies of this server alone, and hears at once of one where nobody listens.
    socket.bind({ fd }, () => socket.connect(53, address, () => socket.send(query, (error) => error !== null && settle())))
  })
}

/** As `askByDatagram`, over TCP: a message after its length (RFC 1035, 4.2.2). */
function askByStream(clock: Clock, query: Buffer, { address, namespace }: Upstream): Promise<Buffer | undefined> {
  const socket = new Socket({ fd: connectingSocket(namespace, { address, port: 53 }), readable: true, writable: true })
  return new Promise((resolve) => {
    const settle = (reply?: Buffer): void => {
      timer[Symbol.dispose]()
      socket.destroy()
      resolve(reply)
    }
    const timer = clock.after(patience, settle)
    const messages = new MessageReader((reply) => isReplyTo(query, reply) && settle(reply))
    socket.on('error', () => settle())
    socket.on('close', () => settle())
    socket.on('data', (chunk: Buffer) => messages.push(chunk))
    socket.write(withLength(query))
  })
}

function isReplyTo(query: Buffer, reply: Buffer): boolean {
  return reply.length >= 12 && reply.readUInt16BE(0) === query.readUInt16BE(0) && (reply[2] ?? 0) >= 0x80
}

/** Splits a TCP stream into messages. */
export class MessageReader {
  #rest = Buffer.alloc(0)
  readonly #onMessage: (message: Buffer) => void

  constructor(onMessage: (message: Buffer) => void) {
    this.#onMessage = onMessage
  }

  push(chunk: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, chunk])
    while (this.#rest.length >= 2 && this.#rest.length >= 2 + this.#rest.readUInt16BE(0)) {
      const end = 2 + this.#rest.readUInt16BE(0)
      const message = this.#rest.subarray(2, end)
      this.#rest = this.#rest.subarray(end)
      this.#onMessage(message)
    }
  }
}

export function withLength(message: Buffer): Buffer {
  const length = Buffer.alloc(2)
  length.writeUInt16BE(message.length)
  return Buffer.concat([length, message])
}

/** The host's own servers; those on its loopback can only be asked from its own namespace. */
export class HostServers {
  readonly #path: string
  #read = { at: -1, servers: [] as string[] }

  constructor(path = '/etc/resolv.conf') {
    this.#path = path
  }

  /** Reads the file again when it has changed: a host moves from network to network. */
  list(): readonly string[] {
    try {
      const { mtimeMs } = statSync(this.#path)
      if (mtimeMs !== this.#read.at) this.#read = { at: mtimeMs, servers: serversIn(readFileSync(this.#path, 'utf8')) }
    } catch {
      // It has none for the moment.
      return []
    }
    return this.#read.servers
  }
}

function serversIn(text: string): string[] {
  return addressesAmong([...text.matchAll(/^nameserver\s+(\S+)/gm)].map(([, server = '']) => server))
}

/** Addresses as equal texts, by which replies are known. What is none, such as a server on one link (`fe80::1%eth0`), is left out. */
export function addressesAmong(servers: readonly string[]): string[] {
  return servers.filter((server) => isIP(server) !== 0 && !server.includes('%')).map((server) => addressText(addressBytes(server)))
}
