import { createHash, createHmac, pbkdf2Sync } from 'node:crypto'
import { GalleyError } from '#base/error.ts'
import type { Conversation } from './conversation.ts'
import type { Credentials, LoginEnd } from './login.ts'

/** Protocol 3.0. */
const version = 196_608
/** Ways of asking for the password (PostgreSQL documentation, Message Formats: Authentication…). */
const ask = { ok: 0, clear: 3, md5: 5, sasl: 10, saslContinue: 11, saslFinal: 12 } as const
const method = 'SCRAM-SHA-256'

/** Logs in to a PostgreSQL server as any client does, and takes leave. `nonce` is a random text. Throws what broke the connection. */
export async function postgresLogin(conversation: Conversation, credentials: Credentials, nonce: string): Promise<LoginEnd> {
  const { user, password, database } = credentials
  const words = ['user', user, ...(database === '' ? [] : ['database', database])]
  conversation.write(framed('', Buffer.concat([int32(version), ...words.map(zeroEnded), Buffer.from([0])])))
  const scram = new Scram(password, nonce)
  for (;;) {
    const { type, body } = await message(conversation)
    if (type === 'E') return ended(body)
    if (type === 'Z') {
      conversation.write(framed('X', Buffer.alloc(0)))
      return { end: 'in' }
    }
    if (type !== 'R') continue
    const kind = body.readInt32BE(0)
    const rest = body.subarray(4)
    if (kind === ask.clear) conversation.write(framed('p', zeroEnded(password)))
    else if (kind === ask.md5) conversation.write(framed('p', zeroEnded(md5Answer(credentials, rest))))
    else if (kind === ask.sasl && rest.toString('latin1').split('\0').includes(method)) {
      const first = Buffer.from(scram.first())
      conversation.write(framed('p', Buffer.concat([zeroEnded(method), int32(first.length), first])))
    } else if (kind === ask.saslContinue) conversation.write(framed('p', Buffer.from(scram.final(rest.toString('utf8')))))
    else if (kind !== ask.ok && kind !== ask.saslFinal) return { end: 'unspoken', method: String(kind) }
  }
}

async function message(conversation: Conversation): Promise<{ type: string; body: Buffer }> {
  const head = await conversation.read(5)
  const type = head.toString('latin1', 0, 1)
  if (!/[A-Z]/i.test(type)) throw new GalleyError('unavailable', 'the server does not answer as PostgreSQL does')
  return { type, body: await conversation.read(head.readInt32BE(1) - 4) }
}

/** The length counts itself. */
function framed(type: string, body: Buffer): Buffer {
  return Buffer.concat([Buffer.from(type, 'latin1'), int32(body.length + 4), body])
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}

function zeroEnded(text: string): Buffer {
  return Buffer.from(`${text}\0`)
}

/** SQLSTATE: class 28 is about the login, 3D000 an unknown database, 42501 one that the user may not use; 57P03 and others pass by. */
function ended(body: Buffer): LoginEnd {
  const fields = new Map(
    body
      .toString('utf8')
      .split('\0')
      .map((field) => [field.slice(0, 1), field.slice(1)]),
  )
  const [state = '', said = ''] = [fields.get('C'), fields.get('M')]
  if (state === '3D000' || state === '42501') return { end: 'no-database', said }
  return { end: state.startsWith('28') ? 'refused' : 'not-ready', said }
}

function md5Answer({ user, password }: Credentials, salt: Buffer): string {
  const md5 = (...parts: readonly (string | Buffer)[]): string =>
    parts.reduce((all, part) => all.update(part), createHash('md5')).digest('hex')
  return `md5${md5(md5(password, user), salt)}`
}

/** The client's half of SCRAM (RFC 5802, RFC 7677), without channel binding. */
class Scram {
  readonly #password: string
  readonly #bare: string

  constructor(password: string, nonce: string) {
    this.#password = password
    // PostgreSQL takes the user from the startup message.
    this.#bare = `n=,r=${nonce}`
  }

  first(): string {
    return `n,,${this.#bare}`
  }

  final(challenge: string): string {
    const values = Object.fromEntries(challenge.split(',').map((part) => part.split(/=(.*)/s))) as Record<string, string>
    const salted = pbkdf2Sync(this.#password, Buffer.from(values['s'] ?? '', 'base64'), Number(values['i']), 32, 'sha256')
    const without = `c=biws,r=${values['r'] ?? ''}`
    const hmac = (key: Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest()
    const clientKey = hmac(salted, 'Client Key')
    const storedKey = createHash('sha256').update(clientKey).digest()
    const signature = hmac(storedKey, `${this.#bare},${challenge},${without}`)
    const proof = Buffer.from(clientKey.map((byte, index) => byte ^ (signature[index] ?? 0)))
    return `${without},p=${proof.toString('base64')}`
  }
}
