import { Socket } from 'node:net'
import { connectingSocket } from '#host/netns/sockets.ts'
import { Conversation } from './conversation.ts'

/** What a container's own files say of names. */
export interface NameFiles {
  /** `/etc/hosts` and `/etc/resolv.conf` of the container. */
  readonly hosts: string
  readonly resolvConf: string
}

/** The IPv4 address of a name as a program inside the network namespace gets it; undefined when nobody knows it. Throws when nobody answers. */
export async function resolveName(
  name: string,
  { namespace, hosts, resolvConf }: NameFiles & { readonly namespace: string },
  signal: AbortSignal,
): Promise<string | undefined> {
  const own = hosts.split('\n').find((line) => line.replace(/#.*/, '').trim().split(/\s+/).slice(1).includes(name))
  if (own !== undefined) return own.trim().split(/\s+/)[0]
  const [, server = '127.0.0.1'] = /^nameserver\s+(\S+)/m.exec(resolvConf) ?? []
  const fd = connectingSocket(namespace, { address: server, port: 53 })
  using conversation = new Conversation(new Socket({ fd, readable: true, writable: true }), signal)
  const query = questionFor(name)
  conversation.write(Buffer.concat([uint16(query.length), query]))
  const length = (await conversation.read(2)).readUInt16BE(0)
  return firstAddress(await conversation.read(length), query.length)
}

const [typeA, classIn] = [1, 1]

/** RFC 1035, 4.1: one question, recursion desired. */
function questionFor(name: string): Buffer {
  const head = Buffer.from([0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0])
  const labels = name.split('.').filter((label) => label !== '')
  const words = labels.map((label) => Buffer.concat([Buffer.from([Math.min(label.length, 63)]), Buffer.from(label.slice(0, 63), 'latin1')]))
  return Buffer.concat([head, ...words, Buffer.from([0]), uint16(typeA), uint16(classIn)])
}

/** The answers begin where the question ended, as it comes back unchanged. */
function firstAddress(reply: Buffer, start: number): string | undefined {
  let at = start
  for (let left = reply.readUInt16BE(6); left > 0; left--) {
    at = afterName(reply, at)
    const [type, length] = [reply.readUInt16BE(at), reply.readUInt16BE(at + 8)]
    if (type === typeA && length === 4) return [...reply.subarray(at + 10, at + 14)].join('.')
    at += 10 + length
  }
  return undefined
}

/** A name ends with an empty label, or with two bytes that point to another place. */
function afterName(reply: Buffer, start: number): number {
  let at = start
  for (;;) {
    const length = reply.readUInt8(at)
    if (length >= 0xc0) return at + 2
    if (length === 0) return at + 1
    at += 1 + length
  }
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16BE(value)
  return bytes
}
