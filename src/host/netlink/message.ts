/** Messages of netlink(7), which link, routes, sockets and nftables are asked about and told by. Numbers are the machine's own, little-endian. */

export const flag = { request: 0x1, acknowledge: 0x4, dump: 0x300 } as const

/** `struct nlmsghdr`. */
const headerLength = 16

export interface Message {
  readonly type: number
  /** Of the socket that asked for what is told. */
  readonly port: number
  readonly body: Buffer
}

/** One message, its header included. */
export function encodeMessage(type: number, flags: number, body: Buffer): Buffer {
  const message = Buffer.alloc(headerLength + body.length)
  message.writeUInt32LE(message.length, 0)
  message.writeUInt16LE(type, 4)
  message.writeUInt16LE(flags, 6)
  body.copy(message, headerLength)
  return message
}

/** Those that came together. */
export function* messagesIn(bytes: Buffer): Generator<Message> {
  for (let at = 0; at + headerLength <= bytes.length;) {
    const length = bytes.readUInt32LE(at)
    if (length < headerLength) return
    yield { type: bytes.readUInt16LE(at + 4), port: bytes.readUInt32LE(at + 12), body: bytes.subarray(at + headerLength, at + length) }
    at += aligned(length)
  }
}

const NLA_F_NESTED = 0x8000
/** What of an attribute's type says how it is packed left out. */
const NLA_TYPE_MASK = 0x3fff

/** One attribute: length, type, value, padded to four bytes. */
export function attribute(type: number, value: Buffer): Buffer {
  const bytes = Buffer.alloc(aligned(4 + value.length))
  bytes.writeUInt16LE(4 + value.length, 0)
  bytes.writeUInt16LE(type, 2)
  value.copy(bytes, 4)
  return bytes
}

export function text(type: number, value: string): Buffer {
  return attribute(type, Buffer.from(`${value}\0`))
}

export function u32(type: number, value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return attribute(type, bytes)
}

export function nested(type: number, attributes: readonly Buffer[]): Buffer {
  return attribute(type | NLA_F_NESTED, Buffer.concat(attributes))
}

/** Attributes by type. */
export function attributesIn(bytes: Buffer): Map<number, Buffer> {
  const found = new Map<number, Buffer>()
  for (let at = 0; at + 4 <= bytes.length;) {
    const length = bytes.readUInt16LE(at)
    if (length < 4) break
    found.set(bytes.readUInt16LE(at + 2) & NLA_TYPE_MASK, bytes.subarray(at + 4, at + length))
    at += aligned(length)
  }
  return found
}

function aligned(length: number): number {
  return (length + 3) & ~3
}
