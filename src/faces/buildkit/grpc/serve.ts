import type { IncomingHttpHeaders, ServerHttp2Session, ServerHttp2Stream } from 'node:http2'
import { GalleyError, kindOf, messageOf } from '#base/error.ts'
import type { Log } from '#base/log.ts'
import { decode, encode, type Given, type Message, type Shape } from '../wire/message.ts'
import { drained } from '#base/drained.ts'
import { frame, messagesOf } from './frames.ts'
import { ok, trailersOf } from './status.ts'

/** One for all calls: each ends with it, and a stack that nobody reads costs more than the rest of the end. */
const clientGone = new GalleyError('unavailable', 'the client went away', { code: 'rpc.canceled' })

/** One call of a method, as its handler sees it. */
export interface RpcCall {
  readonly headers: IncomingHttpHeaders
  /** The bytes of the messages that the caller sends. */
  readonly received: AsyncIterable<Buffer>
  /** Sends one message; resolves when more may be sent. */
  send(message: Buffer): Promise<void>
  /** Aborted when the caller cancels the call or goes away. */
  readonly signal: AbortSignal
}

/** A method's handler; what it throws is the call's status. */
export type RpcHandler = (call: RpcCall) => Promise<void>

/** Handlers by path: `/moby.buildkit.v1.Control/Solve`. */
export type RpcRoutes = Readonly<Record<string, RpcHandler>>

/** A method that takes one message and gives one. */
export function unary<Q extends Shape, A extends Shape>(
  [question, answer]: readonly [Q, A],
  handle: (request: Message<Q>, call: RpcCall) => Promise<Given<A>> | Given<A>,
): RpcHandler {
  return async (call) => {
    await call.send(encode(answer, await handle(await only(question, call), call)))
  }
}

/** A method that gives the same whatever it is asked: clients ask several times a build. */
export function always<A extends Shape>(answer: A, given: Given<A>): RpcHandler {
  const message = encode(answer, given)
  return async (call) => {
    await only({}, call)
    await call.send(message)
  }
}

/** A method that takes one message and gives any number. */
export function streaming<Q extends Shape, A extends Shape>(
  [question, answer]: readonly [Q, A],
  handle: (request: Message<Q>, call: RpcCall) => AsyncIterable<Given<A>>,
): RpcHandler {
  return async (call) => {
    for await (const each of handle(await only(question, call), call)) await call.send(encode(answer, each))
  }
}

async function only<Q extends Shape>(shape: Q, call: RpcCall): Promise<Message<Q>> {
  for await (const bytes of call.received) return decode(shape, bytes)
  throw new GalleyError('invalid', 'the call has no message')
}

/** Answers the calls that come in on a connection (gRPC over HTTP/2). */
export function serveCalls(session: ServerHttp2Session, routes: RpcRoutes, log: Log): void {
  session.on('error', () => session.destroy())
  session.on('stream', (stream, headers) => {
    serve(stream, headers, { routes, log }).catch((error: unknown) => log.error('call failed', { error: messageOf(error) }))
  })
}

async function serve(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  { routes, log }: { readonly routes: RpcRoutes; readonly log: Log },
): Promise<void> {
  const gone = new AbortController()
  let trailers: Record<string, string> = { 'grpc-status': String(ok) }
  stream.on('error', () => undefined)
  stream.on('close', () => gone.abort(clientGone))
  stream.on('wantTrailers', () => stream.sendTrailers(trailers))
  // A caller that cancels at once leaves nobody to answer.
  if (stream.destroyed) return
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
  const path = headers[':path'] ?? ''
  try {
    const handler = Object.hasOwn(routes, path) ? routes[path] : undefined
    if (handler === undefined) throw new GalleyError('not implemented', `${path} is not implemented by Galley`, { subject: path })
    await handler({
      headers,
      received: messagesOf(stream.iterator({ destroyOnReturn: false })),
      send: (message) => sent(stream, message),
      signal: gone.signal,
    })
  } catch (error) {
    if (kindOf(error) === 'internal' && !gone.signal.aborted)
      log.error('call failed', { path, error: error instanceof Error ? (error.stack ?? error.message) : String(error) })
    trailers = trailersOf(error)
  }
  if (!stream.destroyed) stream.end()
}

async function sent(stream: ServerHttp2Stream, message: Buffer): Promise<void> {
  if (stream.destroyed) throw clientGone
  if (!stream.write(frame(message))) await drained(stream)
}
