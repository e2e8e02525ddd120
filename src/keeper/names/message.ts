import { addressBytes, addressText } from '#base/ip-address.ts'

/** DNS messages (RFC 1035, EDNS: RFC 6891), as much of them as a resolver for a network's names needs. */

export const type = { A: 1, PTR: 12, AAAA: 28, OPT: 41 } as const

/** Response codes. */
export const code = { NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NXDOMAIN: 3, NOTIMP: 4, REFUSED: 5 } as const

export interface Query {
  readonly id: number
  readonly recursionDesired: boolean
  /** Without the final dot, in lower case; a dot inside a label is written `\.`. */
  readonly name: string
  readonly type: number
  /** The question as it was asked, to be sent back with its upper and lower case. */
  readonly question: Buffer
  /** Bytes that the client takes over UDP, when it said so (EDNS). */
  readonly payload: number | undefined
}

export interface Answer {
  readonly type: typeof type.A | typeof type.AAAA | typeof type.PTR
  /** An address, or the name that an address has. */
  readonly value: string
}

export interface Reply {
  readonly code: number
  readonly answers: readonly Answer[]
  /** Bytes that the reply may have; answers that don't fit are left out, and the reply says so (TC). */
  readonly limit: number
}

const headerLength = 12
/** Seconds. Short, as an address goes with its container: programs that cache (nginx) follow soon. */
const timeToLive = 10
const largestName = 255

/** Reads a query. A number is the response code for one that can't be served; undefined is no query at all: say nothing. */
export function decodeQuery(message: Buffer): Query | number | undefined {
  if (message.length < headerLength) return undefined
  const flags = message.readUInt16BE(2)
  if (flags & 0x8000) return undefined
  if ((flags >> 11) & 0xf) return code.NOTIMP
  if (message.readUInt16BE(4) !== 1) return code.FORMERR
  const name = readName(message, headerLength)
  if (name === undefined || name.end + 4 > message.length) return code.FORMERR
  const end = name.end + 4
  return {
    id: message.readUInt16BE(0),
    recursionDesired: (flags & 0x0100) !== 0,
    name: name.text.toLowerCase(),
    type: message.readUInt16BE(name.end),
    question: message.subarray(headerLength, end),
    payload: payloadOf(message, end),
  }
}

/** A reply to `query`. */
export function encodeReply(query: Query, reply: Reply): Buffer {
  const extension = query.payload === undefined ? Buffer.alloc(0) : option()
  const parts: Buffer[] = []
  let size = headerLength + query.question.length + extension.length
  for (const answer of reply.answers) {
    const record = encodeAnswer(answer)
    if (size + record.length > reply.limit) break
    size += record.length
    parts.push(record)
  }
  const header = Buffer.alloc(headerLength)
  const truncated = parts.length < reply.answers.length
  const [QR, TC, RD, RA] = [0x8000, 0x0200, 0x0100, 0x0080]
  header.writeUInt16BE(query.id, 0)
  header.writeUInt16BE(QR | RA | (truncated ? TC : 0) | (query.recursionDesired ? RD : 0) | reply.code, 2)
  header.writeUInt16BE(1, 4)
  header.writeUInt16BE(parts.length, 6)
  header.writeUInt16BE(extension.length > 0 ? 1 : 0, 10)
  return Buffer.concat([header, query.question, ...parts, extension])
}

/** A reply without question to a message that could not be read. */
export function encodeFailure(message: Buffer, failure: number): Buffer {
  const header = Buffer.alloc(headerLength)
  message.copy(header, 0, 0, 2)
  header.writeUInt16BE(0x8080 | (message.readUInt16BE(2) & 0x7900) | failure, 2)
  return header
}

/** `4.3.2.1.in-addr.arpa` → `1.2.3.4`, and `….ip6.arpa` (RFC 3596, 2.5) likewise; undefined for any other name. */
export function reversedAddress(name: string): string | undefined {
  const ipv4 = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.in-addr\.arpa$/.exec(name)
  if (ipv4 !== null) return ipv4.slice(1).toReversed().join('.')
  const ipv6 = /^((?:[0-9a-f]\.){32})ip6\.arpa$/.exec(name)?.[1]
  return ipv6 === undefined ? undefined : addressText(Buffer.from(ipv6.split('.').toReversed().join(''), 'hex'))
}

/** The name is that of the question: a pointer to it. */
function encodeAnswer({ type: kind, value }: Answer): Buffer {
  const data = kind === type.PTR ? encodeName(value) : addressBytes(value)
  const head = Buffer.alloc(12)
  head.writeUInt16BE(0xc000 | headerLength, 0)
  head.writeUInt16BE(kind, 2)
  head.writeUInt16BE(1, 4)
  head.writeUInt32BE(timeToLive, 6)
  head.writeUInt16BE(data.length, 10)
  return Buffer.concat([head, data])
}

/** A label of more than 63 bytes, which no resolver could ask for, is cut. */
function encodeName(name: string): Buffer {
  const labels = name.split('.').filter((label) => label !== '')
  return Buffer.concat([
    ...labels.map((label) => {
      const bytes = Buffer.from(label, 'latin1').subarray(0, 63)
      return Buffer.concat([Buffer.from([bytes.length]), bytes])
    }),
    Buffer.alloc(1),
  ])
}

/** Names in questions are not compressed by anyone; a pointer there counts as malformed. */
function readName(message: Buffer, start: number): { readonly text: string; readonly end: number } | undefined {
  const labels: string[] = []
  let at = start
  for (;;) {
    const length = message[at]
    if (length === undefined || length > 63 || at - start > largestName) return undefined
    at++
    if (length === 0) return { text: labels.join('.'), end: at }
    if (at + length > message.length) return undefined
    labels.push(message.toString('latin1', at, at + length).replaceAll('.', String.raw`\.`))
    at += length
  }
}

/** The OPT record of a query, which stands right behind the question when there are no other records. */
function payloadOf(message: Buffer, at: number): number | undefined {
  if (message.readUInt16BE(6) !== 0 || message.readUInt16BE(8) !== 0 || message.readUInt16BE(10) === 0) return undefined
  if (at + 11 > message.length || message[at] !== 0 || message.readUInt16BE(at + 1) !== type.OPT) return undefined
  return message.readUInt16BE(at + 3)
}

/** An OPT record that offers 1232 bytes, which fit every path (DNS flag day 2020). */
function option(): Buffer {
  const record = Buffer.alloc(11)
  record.writeUInt16BE(type.OPT, 1)
  record.writeUInt16BE(1232, 3)
  return record
}
