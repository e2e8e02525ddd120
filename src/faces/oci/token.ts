import type { IncomingMessage } from 'node:http'
import { GalleyError } from '#base/error.ts'
import { bodyOf } from '#faces/docker/unread-body.ts'
import { grant } from '#registry/access/rights.ts'
import { parseScope, signToken, tokenLifetime, type Access } from '#registry/access/tokens.ts'
import { askerOf } from './authorize.ts'
import { sendJson, type Call, type Face } from './face.ts'

const largestForm = 64 << 10

/** The token endpoint: Docker's `GET` with a password, and OAuth2's `POST` with one. Gives what is allowed of what is asked for. */
export async function giveToken(face: Face, call: Call): Promise<void> {
  const { request } = call
  const form = request.method === 'POST' ? await readForm(request) : call.query
  const user = request.method === 'POST' ? await userOfForm(face, form) : (await askerOf(face, request)).user
  if (user === undefined && face.anonymous === 'none') throw new GalleyError('unauthenticated', 'authentication required')
  const scopes = form.getAll('scope').flatMap((text) => text.split(' '))
  const wanted = scopes.map(parseScope).filter((scope): scope is Access => scope !== undefined)
  const now = face.registry.clock.now()
  const token = signToken(face.key, user, grant(user, face.anonymous, { wanted, meant: (name) => face.mirrors.meant(name) }), now)
  sendJson(
    call,
    { token, access_token: token, expires_in: tokenLifetime, issued_at: new Date(now).toISOString() },
    {
      'cache-control': 'no-store',
    },
  )
}

async function userOfForm({ users }: Face, form: URLSearchParams): Promise<Awaited<ReturnType<Face['users']['verify']>>> {
  if (form.get('grant_type') !== 'password')
    throw new GalleyError('not implemented', 'only the grant type password is supported: refresh tokens are not given')
  const user = await users.verify(form.get('username') ?? '', form.get('password') ?? '')
  if (user === undefined) throw new GalleyError('unauthenticated', 'unauthorized: incorrect username or password')
  return user
}

async function readForm(request: IncomingMessage): Promise<URLSearchParams> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of bodyOf(request)) {
    size += chunk.length
    if (size > largestForm) throw new GalleyError('too large', 'the form is too large')
    chunks.push(chunk)
  }
  return new URLSearchParams(Buffer.concat(chunks).toString('utf8'))
}
