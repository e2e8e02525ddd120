import type { IncomingHttpHeaders } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Clock } from '#base/clock.ts'
import { GalleyError } from '#base/error.ts'
import { Arrivals } from '../arrivals.ts'
import { Caller } from '../grpc/caller.ts'
import { http2 } from '../grpc/http2.ts'

/** What a client offers its builds while it is connected. */
export interface Session {
  readonly id: string
  /** Tells the same directory of the same machine again in a later session. */
  readonly sharedKey: string
  readonly caller: Caller
  /** Whether it has a method, by its path. */
  offers(path: string): boolean
  /** Aborted when the client goes away. */
  readonly signal: AbortSignal
}

/** Sessions of the clients that are connected. */
export class Sessions {
  readonly #sessions: Arrivals<Session>

  constructor(clock: Clock) {
    this.#sessions = new Arrivals(clock, 'session')
  }

  /**
   * Takes over the connection of a client that serves as a session (`POST /session`); the result is aborted when it ends. Throws
   * `invalid` without an id, before it asks for the connection.
   */
  async open(headers: IncomingHttpHeaders, stream: () => Duplex | Promise<Duplex>): Promise<AbortSignal> {
    const id = textOf(headers['x-docker-expose-session-uuid'])
    if (id === '') throw new GalleyError('invalid', 'a session needs the header X-Docker-Expose-Session-Uuid')
    const methods = new Set(
      textOf(headers['x-docker-expose-session-grpc-method'])
        .split(',')
        .map((method) => method.trim().toLowerCase()),
    )
    const connection = http2.connect(await stream())
    const gone = new AbortController()
    const session: Session = {
      id,
      sharedKey: textOf(headers['x-docker-expose-session-sharedkey']),
      caller: new Caller(connection),
      offers: (path) => methods.has(path.toLowerCase()),
      signal: gone.signal,
    }
    connection.on('error', () => connection.destroy())
    connection.on('close', () => {
      this.#sessions.remove(id, session)
      gone.abort(new GalleyError('unavailable', 'the client went away', { code: 'rpc.canceled' }))
    })
    this.#sessions.add(id, session)
    return gone.signal
  }

  /** The session of this id, which may be about to come. Throws `not found`. */
  get(id: string, signal: AbortSignal): Promise<Session> {
    return this.#sessions.get(id, signal)
  }
}

function textOf(value: string | string[] | undefined): string {
  return Array.isArray(value) ? value.join(',') : (value ?? '')
}
