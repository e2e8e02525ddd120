import { Socket, isIP } from 'node:net'
import { orAborted, withDeadline } from '#base/abort.ts'
import type { Clock } from '#base/clock.ts'
import { kindOf, messageOf } from '#base/error.ts'
import { connectingSocket } from '#host/netns/sockets.ts'
import type { Words } from '../finding.ts'
import { same } from '../words.ts'
import { Conversation } from './conversation.ts'
import type { Protocol } from './credentials.ts'
import type { Credentials, LoginEnd } from './login.ts'
import { mysqlLogin } from './mysql-login.ts'
import { postgresLogin } from './postgres-login.ts'
import { resolveName, type NameFiles } from './resolve-name.ts'

const noSuchName: Words = { en: 'no such name', ko: '그런 이름 없음' }

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
  readonly said: Words
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
    return { rung: 'name', said: known.error === undefined ? noSuchName : same(messageOf(known.error)) }
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
  return {
    rung: 'top',
    said: { en: 'the server answers, but which user logs in is not known', ko: '서버가 응답함(로그인할 사용자는 알 수 없음)' },
  }
}

function asRung(login: LoginEnd): Pick<Climbed, 'rung' | 'said'> {
  switch (login.end) {
    case 'in':
      return { rung: 'top', said: { en: 'the login is accepted', ko: '로그인 성공' } }
    case 'unspoken':
      return {
        rung: 'top',
        said: {
          en: `the server answers; its login (${login.method}) was not tried`,
          ko: `서버가 응답함(로그인 방식 ${login.method} 시도하지 않음)`,
        },
      }
    case 'not-ready':
      return { rung: 'refused', said: same(login.said) }
    case 'refused':
      return { rung: 'login', said: same(login.said) }
    case 'no-database':
      return { rung: 'database', said: same(login.said) }
  }
}

/** Errors of connect(2): nobody there, or no way there; and a server that says nothing, or something else. */
function brokenBy(error: unknown, { protocol }: Way): Pick<Climbed, 'rung' | 'said'> {
  const code = (error as NodeJS.ErrnoException).code ?? ''
  if (code === 'ECONNREFUSED') return { rung: 'refused', said: { en: 'connection refused', ko: '연결 거부됨(connection refused)' } }
  if (['EHOSTUNREACH', 'ENETUNREACH', 'ETIMEDOUT', 'EACCES', 'EPERM'].includes(code)) return { rung: 'route', said: same(messageOf(error)) }
  if (kindOf(error) === 'timeout')
    return { rung: 'route', said: { en: `no answer within ${patience / 1000} s`, ko: `${patience / 1000}초 안에 응답 없음` } }
  const name = protocol === 'mysql' ? 'MySQL' : 'PostgreSQL'
  const why = messageOf(error)
  return { rung: 'refused', said: { en: `what answers does not speak ${name}: ${why}`, ko: `응답하는 쪽이 ${name} 서버가 아님: ${why}` } }
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
