import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { http } from '#base/http.ts'
import { adviceWith, GalleyError, kindOf } from '#base/error.ts'
import type { Log } from '#base/log.ts'
import { ownHeaders, statusOf } from './error.ts'
import { isHijacked } from './hijack.ts'
import { Router } from './router.ts'
import { sendEmpty, type Handler, type Routes } from './route.ts'
import { bodyOf, endWhileReading, readAway } from './unread-body.ts'

const newestMinor = 51
const oldestMinor = 24

/** Lets a server, which may be one with TLS, speak Docker's Engine API (API 1.51; versions from 1.24 on are accepted). */
export function serveDocker<S extends Server>(server: S, routes: Routes, log: Log): S {
  const router = new Router(routes)
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    void serve(router, { request, response, body: bodyOf(request) }, log)
  })
  // Clients that hijack send `Upgrade: tcp`; the handlers write the 101 themselves on the bare socket.
  server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    socket.on('error', () => socket.destroy())
    void serveUpgrade(router, { request, socket, head }, log)
  })
  return server
}

/** One for all requests: each ends with it, and a stack that nobody reads costs more than the rest of the end. */
const clientGone = new GalleyError('unavailable', 'the client went away')

interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly body: AsyncIterable<Buffer>
}

async function serve(router: Router, { request, response, body }: Exchange, log: Log): Promise<void> {
  response.setHeader('Api-Version', `1.${newestMinor}`)
  response.setHeader('Docker-Experimental', 'false')
  response.setHeader('Ostype', 'linux')
  response.setHeader('Server', 'Galley (linux)')
  const abort = new AbortController()
  // What a handler did not want of the body would stand in the way of the connection's next request.
  response.on('finish', () => request.resume())
  response.on('close', () => abort.abort(clientGone))
  try {
    const { handler, params, minor, query } = find(router, request)
    await handler({ request, response, params, query, minor, body, signal: abort.signal })
  } catch (error) {
    // The client went away in the middle of its body: nobody to answer, and nothing of ours failed.
    if (error !== request.errored) await fail(response, error, log)
  }
}

function find(
  router: Router,
  request: IncomingMessage,
): { handler: Handler; params: Record<string, string>; minor: number; query: URLSearchParams } {
  const url = targetOf(request)
  const version = /^\/v(\d+)\.(\d+)(?=\/)/.exec(url.pathname)
  const minor = version === null ? newestMinor : Number(version[2])
  if (version !== null && (Number(version[1]) > 1 || minor > newestMinor)) {
    throw new GalleyError(
      'invalid',
      `client version ${version[1]}.${version[2]} is too new. Maximum supported API version is 1.${newestMinor}`,
    )
  }
  if (version !== null && minor < oldestMinor) {
    throw new GalleyError(
      'invalid',
      `client version 1.${minor} is too old. Minimum supported API version is 1.${oldestMinor}, please upgrade your client to a newer version`,
    )
  }
  const path = version === null ? url.pathname : url.pathname.slice(version[0].length)
  if (request.method === 'OPTIONS') return { handler: (call) => sendEmpty(call, 200), params: {}, minor, query: url.searchParams }
  const found = router.find(request.method ?? 'GET', path)
  if (found === undefined) throw new GalleyError('not found', `page not found`, { subject: path })
  return { ...found, minor, query: url.searchParams }
}

/** A path that starts with two slashes names no host. */
function targetOf({ url = '/' }: IncomingMessage): URL {
  const target = URL.parse(url.startsWith('/') ? `http://galley${url}` : url, 'http://galley')
  if (target === null) throw new GalleyError('invalid', 'the request names no valid URL')
  return target
}

async function fail(response: ServerResponse, error: unknown, log: Log): Promise<void> {
  const kind = kindOf(error)
  if (kind === 'internal') log.error('request failed', { error: error instanceof Error ? (error.stack ?? error.message) : String(error) })
  // Nobody must take what has come for all of it.
  if (isHijacked(response)) return void response.req.socket.destroy()
  if (response.headersSent) return void response.destroy()
  if (!(await readAway(response.req))) response.setHeader('connection', 'close')
  const status = statusOf[kind]
  if (status === 304) {
    response.writeHead(304).end()
    return
  }
  const body = Buffer.from(`${JSON.stringify({ message: adviceWith(error) })}\n`)
  for (const [name, value] of Object.entries(ownHeaders(error))) response.setHeader(name, value)
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': body.length })
  // Who sends more than a body may hold is not listened to.
  if (kind === 'too large') response.end(body)
  else await endWhileReading(response, body)
}

/**
 * Node reads the body of a request that asks for an upgrade; all that follows it is on the socket, another request too. So a
 * connection that was not upgraded is of no further use, and ends after the answer.
 */
async function serveUpgrade(
  router: Router,
  { request, socket, head }: { request: IncomingMessage; socket: Socket; head: Buffer },
  log: Log,
): Promise<void> {
  if (head.length > 0) socket.unshift(head)
  const response = new http.ServerResponse(request)
  response.shouldKeepAlive = false
  response.assignSocket(socket)
  response.on('finish', () => socket.end())
  await serve(router, { request, response, body: bodyOf(request) }, log)
}
