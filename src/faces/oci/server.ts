import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { GalleyError, kindOf } from '#base/error.ts'
import { endWhileReading, readAway } from '#faces/docker/unread-body.ts'
import { askerOf, authorize, challenges, type Wish } from './authorize.ts'
import { answerOf } from './error.ts'
import { sendJson, type Call, type Face } from './face.ts'
import { findRoute, type Found } from './routes.ts'
import { giveToken } from './token.ts'

/** Lets a server, which may be one with TLS, speak the OCI distribution protocol. */
export function serveOci<S extends Server>(server: S, face: Face): S {
  server.on('request', (request: IncomingMessage, response: ServerResponse) => void serve(face, request, response))
  return server
}

async function serve(face: Face, request: IncomingMessage, response: ServerResponse): Promise<void> {
  response.setHeader('Docker-Distribution-Api-Version', 'registry/2.0')
  response.setHeader('X-Content-Type-Options', 'nosniff')
  const abort = new AbortController()
  response.on('close', () => abort.abort(new GalleyError('unavailable', 'the client went away')))
  const wish: { -readonly [field in keyof Wish]: Wish[field] } = { name: '', action: '' }
  try {
    checkIsNoPage(face, request)
    const { path, query } = targetOf(request)
    const call: Omit<Call, 'name' | 'last'> = { request, response, query, signal: abort.signal }
    if (path === '/token') return await giveToken(face, { ...call, name: '', last: '' })
    if (path === '/v2/' || path === '/v2') return await greet(face, { ...call, name: '', last: '' })
    const found = findRoute(request.method ?? 'GET', path)
    Object.assign(wish, { name: found.name, action: found.action })
    const isRead = found.action === 'pull' && found.name !== ''
    const name = isRead ? face.mirrors.resolve(found.name, query.get('ns') ?? undefined) : found.name
    await authorize(face, request, { ...wish, meant: name })
    checkWritable(face, found)
    if (query.has('ns') && name !== found.name) response.setHeader('OCI-Namespace', query.get('ns') ?? '')
    await found.handler(face, { ...call, name, last: found.last })
  } catch (error) {
    // The client went away in the middle of its body: nobody to answer, and nothing of ours failed.
    if (error !== request.errored) await fail(face, { request, response, wish }, error)
  }
}

/** `GET /v2/` (end-1): that this is a registry, and whether the client is known. Docker's clients learn only here how to say who they are. */
async function greet(face: Face, call: Call): Promise<void> {
  const { user, access } = await askerOf(face, call.request)
  if (user === undefined && access === undefined && face.anonymous !== 'push')
    throw new GalleyError('unauthenticated', 'authentication required')
  sendJson(call, {})
}

/** A page in a browser must not use a registry that its reader reaches (cross-site requests, DNS rebinding). */
function checkIsNoPage(face: Face, { headers }: IncomingMessage): void {
  if (headers.origin !== undefined || headers['sec-fetch-site'] === 'cross-site')
    throw new GalleyError('forbidden', 'requests from pages in a browser are refused')
  if (!face.isOwnHost(headers.host ?? ''))
    throw new GalleyError('forbidden', `this registry does not answer to the name ${String(headers.host).slice(0, 100)}`, {
      advice: 'give it that name with galley registry start --name NAME',
    })
}

function checkWritable({ readOnly, mirrors }: Face, { name, action }: Found): void {
  if (action === 'pull') return
  if (readOnly) throw new GalleyError('not implemented', 'this registry is read-only')
  if (action === 'push' && mirrors.has(name))
    throw new GalleyError('not implemented', `${name} mirrors another registry and can't be pushed to`, { subject: name })
}

/** The path, decoded, as it was sent: nothing in it is resolved. */
function targetOf({ url = '/' }: IncomingMessage): { readonly path: string; readonly query: URLSearchParams } {
  const at = url.indexOf('?')
  const path = at < 0 ? url : url.slice(0, at)
  try {
    return { path: decodeURIComponent(path), query: new URLSearchParams(at < 0 ? '' : url.slice(at + 1)) }
  } catch (cause) {
    throw new GalleyError('invalid', 'invalid URL escape in the path', { code: 'name.invalid', cause })
  }
}

interface Failed {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly wish: Wish
}

async function fail(face: Face, { request, response, wish }: Failed, error: unknown): Promise<void> {
  if (kindOf(error) === 'internal')
    face.log.error('registry: request failed', { error: error instanceof Error ? (error.stack ?? error.message) : String(error) })
  if (response.headersSent) return void response.destroy()
  if (!(await readAway(request))) response.setHeader('connection', 'close')
  const { status, body } = answerOf(error)
  if (status === 401) response.setHeader('www-authenticate', challenges(face, request, wish))
  if (status === 429) response.setHeader('retry-after', '5')
  const bytes = Buffer.from(body)
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': bytes.length })
  await endWhileReading(response, request.method === 'HEAD' ? undefined : bytes)
}
