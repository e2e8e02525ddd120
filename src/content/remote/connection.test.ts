import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, copyFileSync } from 'node:fs'
import http, { type RequestListener, type Server } from 'node:http'
import https from 'node:https'
import { connect, createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { after, test } from 'node:test'
import { systemClock } from '#base/clock.ts'
import { parseImageReference } from '#base/image-reference.ts'
import type { Connection } from './connection.ts'
import type { Credentials } from './credentials.ts'
import { firstOf, Registries, type RegistriesOptions } from './registries.ts'
import { noSettings } from './settings.ts'

const home = mkdtempSync(`${tmpdir()}/galley-connection-`)
after(() => rmSync(home, { recursive: true, force: true }))

/** One authority that signs itself, for loopback and for a name that only a proxy knows. */
const pem = { key: `${home}/key.pem`, cert: `${home}/cert.pem` }
const options = 'req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=test -addext subjectAltName=IP:127.0.0.1,DNS:registry.test'
const made = spawnSync('openssl', [...options.split(' '), '-keyout', pem.key, '-out', pem.cert])
assert.equal(made.status, 0, String(made.stderr))
const identity = { key: readFileSync(pem.key), cert: readFileSync(pem.cert) }

/** Loopback is no exception here. */
const strict = { ...noSettings, insecure: [] }
const password: Credentials = { type: 'password', username: 'user', password: 'secret' }
const signal = new AbortController().signal

interface Host extends AsyncDisposable {
  readonly origin: string
  readonly host: string
}

async function host(server: Server): Promise<Host> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const name = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    host: name,
    origin: `${server instanceof https.Server ? 'https' : 'http'}://${name}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const plain = (listener: RequestListener): Promise<Host> => host(http.createServer(listener))
const secure = (listener: RequestListener, options: object = {}): Promise<Host> =>
  host(https.createServer({ ...identity, ...options }, listener))

function registries(options: Partial<RegistriesOptions> = {}): Registries {
  return new Registries({ settings: noSettings, certificates: `${home}/none`, clock: systemClock, ...options })
}

const trusting = { settings: strict, bundle: pem.cert } as const

async function get(connection: Connection, path = '/v2/x'): Promise<string> {
  const { body } = await connection.send({ method: 'GET', path, scopes: ['repository:x:pull'], signal })
  return (await body.setEncoding('utf8').toArray()).join('')
}

test('a certificate must be good, unless the registry is insecure by configuration', async () => {
  await using server = await secure((_request, response) => response.end('hello'))
  using none = registries({ settings: strict })
  await assert.rejects(get(none.origin(server.host)), { kind: 'unavailable', message: /tls: failed to verify certificate: x509: / })
  using insecure = registries()
  assert.equal(await get(insecure.origin(server.host)), 'hello')
})

test('authorities come from the machine, from the configuration and from certs.d', async () => {
  await using server = await secure((_request, response) => response.end('hello'))
  mkdirSync(`${home}/certs.d/${server.host}`, { recursive: true })
  copyFileSync(pem.cert, `${home}/certs.d/${server.host}/ca.crt`)
  const ca = new Map([[server.host, pem.cert]])
  for (const options of [trusting, { settings: { ...strict, ca } }, { settings: strict, certificates: `${home}/certs.d` }]) {
    using some = registries(options)
    assert.equal(await get(some.origin(server.host)), 'hello')
  }
  using missing = registries({ settings: { ...strict, ca: new Map([[server.host, `${home}/nosuch`]]) } })
  await assert.rejects(get(missing.origin(server.host)), { kind: 'invalid', message: /nosuch cannot be read/ })
})

test('a registry that wants a certificate gets the one in certs.d', async () => {
  await using server = await secure((_request, response) => response.end('hello'), { requestCert: true, ca: identity.cert })
  using without = registries(trusting)
  await assert.rejects(get(without.origin(server.host)), { kind: 'unavailable' })
  mkdirSync(`${home}/certs.d/${server.host}`, { recursive: true })
  copyFileSync(pem.cert, `${home}/certs.d/${server.host}/client.cert`)
  copyFileSync(pem.key, `${home}/certs.d/${server.host}/client.key`)
  using known = registries({ ...trusting, certificates: `${home}/certs.d` })
  assert.equal(await get(known.origin(server.host)), 'hello')
})

test('only an insecure registry is asked in the clear, and with its password only then', async () => {
  const seen: (string | undefined)[] = []
  await using server = await plain(({ headers }, response) => {
    seen.push(headers.authorization)
    if (headers.authorization === undefined) response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' })
    response.end('hello')
  })
  using careful = registries({ settings: strict })
  await assert.rejects(get(careful.origin(server.host, password)), { kind: 'unavailable' })
  assert.deepEqual(seen, [])
  using insecure = registries()
  assert.equal(await get(insecure.origin(server.host, password)), 'hello')
  assert.deepEqual(seen, [undefined, `Basic ${btoa('user:secret')}`])
})

test('the authorization never follows a redirect to another host, which can ask for none either', async () => {
  const seen: (string | undefined)[] = []
  await using other = await plain(({ headers }, response) => {
    seen.push(headers.authorization)
    response.writeHead(401, { 'www-authenticate': 'Basic realm="mine"' }).end()
  })
  await using server = await plain(({ headers }, response) => {
    if (headers.authorization === undefined) response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end()
    else response.writeHead(307, { location: `${other.origin}/blob` }).end()
  })
  using some = registries()
  await assert.rejects(get(some.origin(server.host, password)), { kind: 'unauthenticated' })
  assert.deepEqual(seen, [undefined])
})

test('a redirect within the registry keeps the authorization; one that never ends is given up', async () => {
  await using server = await plain(({ url, headers }, response) => {
    if (headers.authorization === undefined) response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end()
    else if (url === '/end') response.end(headers.authorization)
    else response.writeHead(302, { location: url === '/v2/x' ? '/end' : '/v2/loop' }).end()
  })
  using some = registries()
  assert.equal(await get(some.origin(server.host, password)), `Basic ${btoa('user:secret')}`)
  await assert.rejects(get(some.origin(server.host, password), '/v2/loop'), { message: /redirects more than 5 times/ })
})

test('nothing leads from TLS to the clear: neither a redirect nor a token server', async () => {
  const seen: string[] = []
  await using clear = await plain(({ url }, response) => {
    seen.push(url ?? '')
    response.end('{"token": "t"}')
  })
  await using server = await secure(({ url }, response) => {
    if (url === '/v2/blob') response.writeHead(307, { location: `${clear.origin}/blob` }).end()
    else response.writeHead(401, { 'www-authenticate': `Bearer realm="${clear.origin}/token",service="s"` }).end()
  })
  using some = registries(trusting)
  await assert.rejects(get(some.origin(server.host, password), '/v2/blob'), { kind: 'forbidden', message: /redirects from TLS to http:/ })
  await assert.rejects(get(some.origin(server.host, password)), { kind: 'forbidden', message: /does not use TLS itself/ })
  assert.deepEqual(seen, [])
})

test('one token serves many requests, and each scope and person has its own', async () => {
  const asked: string[] = []
  await using server = await plain(({ url, headers }, response) => {
    const { pathname, searchParams } = new URL(url ?? '', 'http://x')
    if (pathname === '/token') {
      asked.push(`${headers.authorization ?? 'nobody'} ${searchParams.getAll('scope').join(' ')}`)
      response.end(JSON.stringify({ token: `t${asked.length}`, expires_in: 60 }))
    } else if (headers.authorization === undefined)
      response.writeHead(401, { 'www-authenticate': `Bearer realm="http://${headers.host}/token",service="s"` }).end()
    else response.end(headers.authorization)
  })
  using some = registries()
  const connection = some.origin(server.host)
  assert.deepEqual([await get(connection), await get(connection)], ['Bearer t1', 'Bearer t1'])
  const other = { method: 'GET', path: '/v2/y', scopes: ['repository:y:pull'], signal } as const
  await connection.send(other).then(({ body }) => body.resume())
  assert.equal(await get(some.origin(server.host, password)), 'Bearer t3')
  assert.equal(await get(some.origin(server.host, { type: 'registry', token: 'own' })), 'Bearer own')
  assert.deepEqual(asked, ['nobody repository:x:pull', 'nobody repository:y:pull', `Basic ${btoa('user:secret')} repository:x:pull`])
})

test('a registry that has another token server by now, or none, is asked anew', async () => {
  const tokens = (word: string): Promise<Host> => plain((_request, response) => response.end(JSON.stringify({ token: word })))
  await using second = await tokens('second')
  const first = await tokens('first')
  let realm: string | undefined = first.origin
  await using server = await plain(({ headers }, response) => {
    const wanted = realm === first.origin ? 'first' : 'second'
    if (realm === undefined || headers.authorization === `Bearer ${wanted}`) return response.end(headers.authorization ?? 'nobody')
    return response.writeHead(401, { 'www-authenticate': `Bearer realm="${realm}",service="x"` }).end()
  })
  using some = registries()
  const connection = some.origin(server.host)
  const asked = async (scope: string): Promise<string> => {
    const { body } = await connection.send({ method: 'GET', path: '/v2/x', scopes: [scope], signal })
    return (await body.setEncoding('utf8').toArray()).join('')
  }
  assert.equal(await asked('repository:a:pull'), 'Bearer first')
  await first[Symbol.asyncDispose]()
  realm = second.origin
  assert.equal(await asked('repository:b:pull'), 'Bearer second')
  await second[Symbol.asyncDispose]()
  await assert.rejects(asked('repository:c:pull'), { kind: 'unavailable' })
  realm = undefined
  assert.equal(await asked('repository:d:pull'), 'nobody')
})

test('other hosts than loopback are reached through the proxy, by TLS in a tunnel', async () => {
  await using server = await secure((_request, response) => response.end('through'))
  const tunnels: string[] = []
  const proxy = http.createServer()
  proxy.on('connect', (request, socket) => {
    tunnels.push(request.url ?? '')
    const upstream = connect(Number(server.host.split(':')[1]), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      socket.pipe(upstream).pipe(socket)
    })
    socket.on('error', () => upstream.destroy())
    upstream.on('error', () => socket.destroy())
  })
  await using front = await host(proxy)
  using some = registries({ ...trusting, proxy: { HTTPS_PROXY: front.origin, NO_PROXY: 'other.test' } })
  assert.equal(await get(some.origin('registry.test')), 'through')
  assert.equal(await get(some.origin(server.host)), 'through')
  assert.deepEqual(tunnels, ['registry.test:443'])
})

test('mirrors are asked first, without the credentials, and a failing one is passed over', async () => {
  const seen: string[] = []
  const answer =
    (name: string, status: number): RequestListener =>
    ({ headers }, response) => {
      seen.push(`${name} ${headers.authorization ?? 'nobody'}`)
      if (status === 200 && headers.authorization === undefined) response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end()
      else response.writeHead(status).end()
    }
  await using first = await plain(answer('first', 500))
  await using second = await plain(answer('second', 401))
  await using origin = await plain(answer('origin', 200))
  const settings = { ...noSettings, mirrors: new Map([[origin.host, ['http://127.0.0.1:9', first.origin, second.origin]]]) }
  using some = registries({ settings })
  const sources = some.sources(parseImageReference(`${origin.host}/x`), password)
  const { source } = await firstOf(sources, (each) => get(each.connection))
  assert.equal(source, sources[3])
  assert.deepEqual(seen, ['first nobody', 'second nobody', 'origin nobody', `origin Basic ${btoa('user:secret')}`])
})

test('who accepts and never speaks is not waited for longer than said', async () => {
  const deaf = createServer(() => undefined)
  deaf.listen(0, '127.0.0.1')
  await once(deaf, 'listening')
  using some = registries({ settings: strict })
  const connection = some.origin(`127.0.0.1:${(deaf.address() as AddressInfo).port}`)
  const asking = connection.send({ method: 'GET', path: '/v2/', scopes: [], signal, patience: 50 })
  await assert.rejects(asking, { kind: 'timeout', code: 'registry.unreachable', message: /i\/o timeout/ })
  deaf.close()
})
