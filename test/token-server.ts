import { spawnSync } from 'node:child_process'
import { createSign, X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'

/** A self-signed certificate for loopback, `<stem>.crt` and `<stem>.key`. */
export function makeCertificate(stem: string): void {
  const options = 'req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=test -addext subjectAltName=IP:127.0.0.1'.split(' ')
  const { status, stderr } = spawnSync('openssl', [...options, '-keyout', `${stem}.key`, '-out', `${stem}.crt`])
  if (status !== 0) throw new Error(String(stderr))
}

export interface TokenAsked {
  readonly grant: 'anonymous' | 'password' | 'refresh token'
  readonly scopes: readonly string[]
}

/**
 * A token server as Docker's registry wants it. `reader` and `writer` have the password `secret`; nobody may pull what is below `public/`.
 */
export class TokenServer implements AsyncDisposable {
  readonly asked: TokenAsked[] = []
  readonly service = 'test registry'
  readonly issuer = 'test'
  readonly #stem: string
  readonly #server: Server

  constructor(stem: string) {
    this.#stem = stem
    this.#server = createServer((request, response) => void this.#answer(request, response))
  }

  async start(port: number): Promise<void> {
    this.#server.listen(port, '127.0.0.1')
    await once(this.#server, 'listening')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '', 'http://x')
    const form = request.method === 'POST' ? new URLSearchParams(await text(request)) : url.searchParams
    const scopes = form.getAll('scope').flatMap((scope) => scope.split(' '))
    const [name, password] = Buffer.from((request.headers.authorization ?? '').replace('Basic ', ''), 'base64')
      .toString()
      .split(':')
    const refresh = form.get('refresh_token')
    const user = refresh === null ? name : refresh.replace('refresh-', '')
    this.asked.push({ scopes, grant: refresh !== null ? 'refresh token' : user === '' ? 'anonymous' : 'password' })
    if (user !== '' && refresh === null && password !== 'secret') {
      response.writeHead(401).end('{"details": "wrong"}')
      return
    }
    const token = this.#token(user ?? '', scopes)
    const offline = form.get('offline_token') === 'true' ? { refresh_token: `refresh-${user}` } : {}
    response.end(JSON.stringify({ token, access_token: token, expires_in: 300, ...offline }))
  }

  #token(user: string, scopes: readonly string[]): string {
    const access = scopes.map((scope) => {
      const [type, name = '', actions = ''] = scope.split(':')
      return { type, name, actions: actions.split(',').filter((action) => allowed(user, name, action)) }
    })
    const certificate = new X509Certificate(readFileSync(`${this.#stem}.crt`)).raw.toString('base64')
    const now = Math.floor(Date.now() / 1000)
    const claims = { iss: this.issuer, sub: user, aud: this.service, exp: now + 300, nbf: now - 10, iat: now, jti: `${now}`, access }
    const signed = [{ typ: 'JWT', alg: 'RS256', x5c: [certificate] }, claims]
      .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
      .join('.')
    return `${signed}.${createSign('RSA-SHA256')
      .update(signed)
      .sign(readFileSync(`${this.#stem}.key`), 'base64url')}`
  }
}

function allowed(user: string, name: string, action: string): boolean {
  if (user === 'writer') return true
  return action === 'pull' && (user === 'reader' || name.startsWith('public/'))
}
