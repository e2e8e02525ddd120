import { constants, createHash, publicEncrypt } from 'node:crypto'
import { GalleyError } from '#base/error.ts'
import type { Conversation } from './conversation.ts'
import type { Credentials, LoginEnd } from './login.ts'

/** Capabilities (MySQL Internals, protocol::Connection Phase): LONG_PASSWORD, PROTOCOL_41, SECURE_CONNECTION, PLUGIN_AUTH; CONNECT_WITH_DB. */
const capabilities = 0x1 | 0x200 | 0x8000 | 0x80000
const withDatabase = 0x8
/** utf8mb4_general_ci. */
const charset = 45

/** Error numbers that tell of a database: unknown, or access denied to it. */
const aboutDatabase = [1044, 1049]
/** Access denied, also without a password, or for want of the plugin. */
const aboutLogin = [1045, 1698, 1524]

/** Logs in to a MySQL or MariaDB server as any client does, and takes leave. Throws what broke the connection. */
export async function mysqlLogin(conversation: Conversation, credentials: Credentials): Promise<LoginEnd> {
  const greeting = await packet(conversation)
  if (greeting.payload[0] === 0xff) return ended(greeting.payload)
  const { scramble, plugin } = greetingOf(greeting.payload)
  let method = plugin
  let salt = scramble
  const first = answerFor(method, credentials.password, salt)
  // A method that isn't spoken here: the server may offer another one.
  send(conversation, greeting.sequence + 1, response(credentials, first === undefined ? native : method, first ?? Buffer.alloc(0)))
  for (;;) {
    const { payload, sequence } = await packet(conversation)
    if (payload[0] === 0x00) return leave(conversation)
    if (payload[0] === 0xff) return ended(payload)
    if (payload[0] === 0xfe) {
      const zero = payload.indexOf(0, 1)
      method = payload.toString('latin1', 1, zero)
      salt = payload.subarray(zero + 1, zero + 21)
      const answer = answerFor(method, credentials.password, salt)
      if (answer === undefined) return { end: 'unspoken', method }
      send(conversation, sequence + 1, answer)
    } else if (payload[0] === 0x01 && payload[1] === fullAuthentication) {
      // What the server doesn't remember is proven with the password itself, under the server's key.
      send(conversation, sequence + 1, Buffer.from([wantsKey]))
      const key = await packet(conversation)
      send(conversation, key.sequence + 1, sealed(credentials.password, salt, key.payload.subarray(1)))
    } else if (!(payload[0] === 0x01 && payload[1] === fastAuthentication)) {
      throw new GalleyError('unavailable', 'the server speaks another protocol')
    }
  }
}

const native = 'mysql_native_password'
const caching = 'caching_sha2_password'
const [wantsKey, fastAuthentication, fullAuthentication] = [2, 3, 4]

interface Packet {
  readonly sequence: number
  readonly payload: Buffer
}

/** Three bytes of length, one of sequence. */
async function packet(conversation: Conversation): Promise<Packet> {
  const head = await conversation.read(4)
  return { sequence: head[3] ?? 0, payload: await conversation.read(head.readUIntLE(0, 3)) }
}

function send(conversation: Conversation, sequence: number, payload: Uint8Array): void {
  const head = Buffer.alloc(4)
  head.writeUIntLE(payload.length, 0, 3)
  head[3] = sequence & 0xff
  conversation.write(Buffer.concat([head, payload]))
}

function leave(conversation: Conversation): LoginEnd {
  const COM_QUIT = 1
  send(conversation, 0, Buffer.from([COM_QUIT]))
  return { end: 'in' }
}

function ended(payload: Buffer): LoginEnd {
  const number = payload.readUInt16LE(1)
  const said = payload.toString('utf8', payload[3] === 0x23 ? 9 : 3)
  if (aboutDatabase.includes(number)) return { end: 'no-database', said }
  return { end: aboutLogin.includes(number) ? 'refused' : 'not-ready', said }
}

function greetingOf(payload: Buffer): { scramble: Buffer; plugin: string } {
  const version = payload[0]
  if (version !== 10) throw new GalleyError('unavailable', 'the server does not greet as MySQL does')
  const at = payload.indexOf(0, 1) + 5
  const rest = at + 8 + 1 + 2 + 1 + 2 + 2 + 1 + 10
  const second = payload.subarray(rest, rest + 12)
  return {
    scramble: Buffer.concat([payload.subarray(at, at + 8), second]),
    plugin:
      payload
        .subarray(rest + 13)
        .toString('latin1')
        .replace(/\0.*$/s, '') || native,
  }
}

function response({ user, database }: Credentials, method: string, answer: Buffer): Buffer {
  const head = Buffer.alloc(32)
  head.writeUInt32LE(capabilities | (database === '' ? 0 : withDatabase), 0)
  head.writeUInt32LE(1 << 24, 4)
  head[8] = charset
  const text = (value: string): Buffer => Buffer.from(`${value}\0`)
  const place = database === '' ? [] : [text(database)]
  return Buffer.concat([head, text(user), Buffer.from([answer.length]), answer, ...place, text(method)])
}

/** What proves the password; undefined for a method that isn't spoken here. */
function answerFor(method: string, password: string, salt: Buffer): Buffer | undefined {
  if (method !== native && method !== caching) return undefined
  if (password === '') return Buffer.alloc(0)
  const name = method === native ? 'sha1' : 'sha256'
  const hash = (...parts: readonly (string | Buffer)[]): Buffer => parts.reduce((all, part) => all.update(part), createHash(name)).digest()
  const once = hash(password)
  const proof = method === native ? hash(salt, hash(once)) : hash(hash(once), salt)
  return xor(once, proof)
}

function sealed(password: string, salt: Buffer, key: Buffer): Buffer {
  const text = Buffer.from(`${password}\0`)
  const mixed = text.map((byte, index) => byte ^ (salt[index % salt.length] ?? 0))
  return publicEncrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING }, mixed)
}

function xor(one: Buffer, other: Buffer): Buffer {
  return Buffer.from(one.map((byte, index) => byte ^ (other[index] ?? 0)))
}
