import { Socket, isIP } from 'node:net'
import { orAborted, withDeadline } from '#base/abort.ts'
import type { Clock } from '#base/clock.ts'
import { kindOf, messageOf } from '#base/error.ts'
import { connectingSocket } from '#host/netns/sockets.ts'
import { Conversation } from './conversation.ts'
import type { Protocol } from './credentials.ts'
import type { Credentials, LoginEnd } from './login.ts'
import { mysqlLogin } from './mysql-login.ts'
import { postgresLogin } from './postgres-login.ts'
import { resolveName, type NameFiles } from './resolve-name.ts'

/** Milliseconds for each rung. */
const patience = 3000

export interface Way {
  readonly host: string
  readonly port: number
  readonly protocol: Protocol
  readonly credentials: Credentials | undefined
}

/** From where it is gone: inside a container. */
export interface Foot extends NameFiles {
  /** Path of its network namespace. */
  readonly namespace: string
}

/** The rung that broke, and what was said there; `top` when the database can be used, as far as anything could be tried. */
export interface Climbed {
  readonly rung: 'name' | 'route' | 'refused' | 'login' | 'database' | 'top'
  /** Once the name was known. */
  readonly address?: string
  readonly said: string
}

export interface Climbing {
  readonly clock: Clock
  /** A random text. */
  readonly nonce: string
}

/** Goes the way of a program that wants to use a database: name, route, port, login, database; stops where it breaks. */
export async function climb(way: Way, foot: Foot, climbing: Climbing): Promise<Climbed> {
  const { clock } = climbing
  const known = await attempt(clock, (signal) => addressOf(way.host, foot, signal))
  if (known.error !== undefined || known.value === undefined)
    return { rung: 'name', said: known.error === undefined ? 'no such name' : messageOf(known.error) }
  const address = known.value
  const met = await attempt(clock, (signal) => speak(way, { namespace: foot.namespace, address, signal }, climbing))
  return { address, ...(met.value ?? brokenBy(met.error, way)) }
}

async function addressOf(host: string, foot: Foot, signal: AbortSignal): Promise<string | undefined> {
  return isIP(host) === 0 ? await resolveName(host, foot, signal) : host
}

interface Door {
  readonly namespace: string
  readonly address: string
  readonly signal: AbortSignal
}

async function speak(
  { protocol, port, credentials }: Way,
  { namespace, address, signal }: Door,
  { nonce }: Climbing,
): Promise<Pick<Climbed, 'rung' | 'said'>> {
  const fd = connectingSocket(namespace, { address, port })
  using conversation = new Conversation(new Socket({ fd, readable: true, writable: true }), signal)
  if (credentials === undefined) return await greet(protocol, conversation)
  return asRung(protocol === 'mysql' ? await mysqlLogin(conversation, credentials) : await postgresLogin(conversation, credentials, nonce))
}

/** Without a user: whether a database answers at all. MySQL speaks first; PostgreSQL is asked whether it encrypts (SSLRequest). */
async function greet(protocol: Protocol, conversation: Conversation): Promise<Pick<Climbed, 'rung' | 'said'>> {
  if (protocol === 'postgres') conversation.write(Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]))
  await conversation.read(1)
  return { rung: 'top', said: 'the server answers; which user logs in is not known' }
}

function asRung(login: LoginEnd): Pick<Climbed, 'rung' | 'said'> {
  switch (login.end) {
    case 'in':
      return { rung: 'top', said: 'the login is accepted' }
    case 'unspoken':
      return { rung: 'top', said: `the server answers; its login (${login.method}) was not tried` }
    case 'not-ready':
      return { rung: 'refused', said: login.said }
    case 'refused':
      return { rung: 'login', said: login.said }
    case 'no-database':
      return { rung: 'database', said: login.said }
  }
}

/** Errors of connect(2): nobody there, or no way there; and a server that says nothing, or something else. */
function brokenBy(error: unknown, { protocol }: Way): Pick<Climbed, 'rung' | 'said'> {
  const code = (error as NodeJS.ErrnoException).code ?? ''
  if (code === 'ECONNREFUSED') return { rung: 'refused', said: 'connection refused' }
  if (['EHOSTUNREACH', 'ENETUNREACH', 'ETIMEDOUT', 'EACCES', 'EPERM'].includes(code)) return { rung: 'route', said: messageOf(error) }
  if (kindOf(error) === 'timeout') return { rung: 'route', said: `no answer within ${patience / 1000} s` }
  return { rung: 'refused', said: `what answers does not speak ${protocol === 'mysql' ? 'MySQL' : 'PostgreSQL'}: ${messageOf(error)}` }
}

async function attempt<T>(
  clock: Clock,
  task: (signal: AbortSignal) => Promise<T>,
): Promise<{ readonly value?: T; readonly error?: unknown }> {
  try {
    return { value: await withDeadline(clock, patience, (signal) => orAborted(task(signal), signal)) }
  } catch (error) {
    return { error }
  }
}
