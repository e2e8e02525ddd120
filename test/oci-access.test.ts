import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { after, before, test } from 'node:test'
import { freePorts } from './free-ports.ts'
import { Instance, type Outcome } from './instance.ts'
import { digestOf, jsonOf, OciClient } from './oci-client.ts'
import { makeCertificate } from './token-server.ts'

const port = await freePorts()
const host = `localhost:${port}`
const instance = new Instance()
const basic = (name: string, password: string): string => `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`
const nobody = new OciClient(port)
const reader = new OciClient(port, basic('reader', 'read me'))
const writer = new OciClient(port, basic('writer', 'a secret: with a colon'))

before(async () => {
  await instance.start()
  await instance.importBox()
  await registry(0, 'start', '--listen', `127.0.0.1:${port}`)
  await userAdd('reader', 'read me', '--pull-only')
  await userAdd('writer', 'a secret: with a colon')
})
after(() => instance.stop())

async function registry(code: number, ...args: string[]): Promise<Outcome> {
  const outcome = await instance.galley('registry', ...args)
  assert.equal(outcome.code, code, outcome.err)
  return outcome
}

async function userAdd(name: string, password: string, ...options: string[]): Promise<void> {
  const { code, err } = await instance.command('./galley', ['registry', 'user', 'add', name, ...options], { input: `${password}\n` })
  assert.equal(code, 0, err)
}

async function tokenFor(client: OciClient, scope: string): Promise<string> {
  const answer = await client.expect(200, `GET /token?service=x&scope=${scope}`)
  return jsonOf<{ token: string }>(answer).token
}

test('who is nobody is told how to become somebody, and nothing else', async () => {
  const { headers, errors } = await nobody.expect(401, 'GET /v2/')
  assert.deepEqual(errors, ['UNAUTHORIZED'])
  const realm = `http://127.0.0.1:${port}/token`
  assert.deepEqual(headers['www-authenticate'], `Bearer realm="${realm}",service="127.0.0.1:${port}", Basic realm="127.0.0.1:${port}"`)
  for (const line of ['GET /v2/_catalog', 'GET /v2/a/tags/list', `GET /v2/a/blobs/${digestOf('')}`, 'POST /v2/a/blobs/uploads/'])
    assert.deepEqual((await nobody.expect(401, line)).errors, ['UNAUTHORIZED'], line)
  const { headers: push } = await nobody.expect(401, 'POST /v2/a/b/blobs/uploads/')
  assert.match(String(push['www-authenticate']), /scope="repository:a\/b:pull,push"/)
  await nobody.expect(401, 'GET /token?scope=repository:a:pull')
})

test('a wrong password, a user who is none and a token of another make are refused alike', async () => {
  for (const client of [
    new OciClient(port, basic('writer', 'wrong')),
    new OciClient(port, basic('nobody', 'wrong')),
    new OciClient(port, basic('', '')),
    new OciClient(port, 'Basic !!!'),
    new OciClient(port, 'Bearer abc.def.ghi'),
    new OciClient(port, 'Bearer '),
    new OciClient(port, basic('writer', 'x'.repeat(100))),
  ])
    assert.deepEqual((await client.expect(401, 'GET /v2/')).errors, ['UNAUTHORIZED'])
})

test('a reader reads, and may not push or delete', async () => {
  await writer.manifest('read/this', '1')
  await reader.expect(200, 'GET /v2/read/this/manifests/1')
  await reader.expect(200, 'GET /v2/_catalog')
  for (const line of ['POST /v2/read/this/blobs/uploads/', 'DELETE /v2/read/this/manifests/1', 'PUT /v2/read/this/manifests/2'])
    assert.deepEqual((await reader.expect(403, line)).errors, ['DENIED'], line)
})

test('galley config asks for the digests of private images with the credentials of docker login', async () => {
  await instance.ok('tag', 'box', `${host}/private/app:1`)
  await instance.ok('push', `${host}/private/app:1`)
  const home = `${instance.home}/digests`
  mkdirSync(home)
  writeFileSync(`${home}/compose.yaml`, `services: {app: {image: "${host}/private/app:1"}}\n`)
  writeFileSync(`${home}/config.json`, JSON.stringify({ auths: { [host]: { auth: Buffer.from('reader:read me').toString('base64') } } }))
  const config = (env: Readonly<Record<string, string>>): Promise<Outcome> =>
    instance.command('./galley', ['config', '-f', `${home}/compose.yaml`, '--resolve-image-digests'], { env })
  const { code, out, err } = await config({ DOCKER_CONFIG: home })
  assert.equal(code, 0, err)
  assert.match(out, /private\/app:1@sha256:[0-9a-f]{64}/)
  assert.notEqual((await config({ DOCKER_CONFIG: instance.home })).code, 0)
})

test('a token allows what it was asked for, in that repository', async () => {
  const token = await tokenFor(writer, 'repository:read/this:pull,push&scope=repository:other:pull')
  const client = new OciClient(port, `Bearer ${token}`)
  await client.expect(200, 'GET /v2/')
  await client.expect(200, 'GET /v2/read/this/manifests/1')
  await client.blob('read/this', 'more')
  for (const line of ['GET /v2/third/manifests/1', 'POST /v2/other/blobs/uploads/', 'DELETE /v2/read/this/manifests/1', 'GET /v2/_catalog'])
    await client.expect(401, line)
  const catalog = new OciClient(port, `Bearer ${await tokenFor(writer, 'registry:catalog:*')}`)
  await catalog.expect(200, 'GET /v2/_catalog')
  const less = new OciClient(port, `Bearer ${await tokenFor(reader, 'repository:read/this:pull,push')}`)
  await less.expect(200, 'GET /v2/read/this/manifests/1')
  await less.expect(403, 'POST /v2/read/this/blobs/uploads/')
})

test('a blob is not taken over from a repository that the token does not cover', async () => {
  const digest = await writer.blob('private', 'private bytes')
  const mount = `POST /v2/taker/blobs/uploads/?mount=${digest}&from=private`
  const one = new OciClient(port, `Bearer ${await tokenFor(writer, 'repository:taker:pull,push')}`)
  await one.expect(202, mount, { body: '' })
  await one.expect(202, `POST /v2/taker/blobs/uploads/?mount=${digest}`, { body: '' })
  await one.expect(404, `HEAD /v2/taker/blobs/${digest}`)
  const both = new OciClient(port, `Bearer ${await tokenFor(writer, 'repository:taker:pull,push&scope=repository:private:pull')}`)
  await both.expect(201, mount, { body: '' })
})

test('a token is also given for a password in a form, and ends with the password', async () => {
  await userAdd('leaver', 'bye')
  const body = new URLSearchParams({ grant_type: 'password', username: 'leaver', password: 'bye', scope: 'repository:left:pull,push' })
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  const answer = await nobody.expect(200, 'POST /token', { headers, body: body.toString() })
  const client = new OciClient(port, `Bearer ${jsonOf<{ access_token: string }>(answer).access_token}`)
  await client.blob('left', 'x')
  await userAdd('leaver', 'another password')
  await client.expect(401, `HEAD /v2/left/blobs/${digestOf('x')}`)
  const again = new OciClient(port, basic('leaver', 'another password'))
  await again.expect(200, `HEAD /v2/left/blobs/${digestOf('x')}`)
  await registry(0, 'user', 'remove', 'leaver')
  await again.expect(401, `HEAD /v2/left/blobs/${digestOf('x')}`)
  await registry(3, 'user', 'remove', 'leaver')
  body.set('password', 'wrong')
  await nobody.expect(401, 'POST /token', { headers, body: body.toString() })
  body.set('grant_type', 'refresh_token')
  await nobody.expect(405, 'POST /token', { headers, body: body.toString() })
})

test('a password that is typed is not shown', async () => {
  const { code, out } = await instance.command('script', ['-qec', './galley registry user add typist', '/dev/null'], {
    input: 'tipy\x7f\x7fped\r',
  })
  assert.equal(code, 0, out)
  assert.match(out, /Password: \s+the user typist may push/)
  await new OciClient(port, basic('typist', 'tiped')).expect(200, 'GET /v2/')
  await registry(0, 'user', 'remove', 'typist')
})

test('the password file is root’s alone and holds no password', () => {
  const path = `${instance.data}/registry.htpasswd`
  assert.equal(statSync(path).mode & 0o777, 0o600)
  assert.match(readFileSync(path, 'utf8'), /^reader:\$2b\$10\$\S{53}:pull\nwriter:\$2b\$10\$\S{53}\n$/)
})

test('rights may be for single repositories, change at once, and follow the file', async () => {
  for (const name of ['base/os', 'team/app', 'team/other', 'secret/plans']) await writer.manifest(name, '1')
  await userAdd('ci', 'build', '--pull', 'base/*', '--push', 'team/app')
  const ci = new OciClient(port, basic('ci', 'build'))
  await ci.manifest('team/app', '2')
  await ci.expect(200, 'GET /v2/base/os/manifests/1')
  for (const line of ['PUT /v2/base/os/manifests/2', 'GET /v2/team/other/manifests/1', 'GET /v2/secret/plans/tags/list'])
    assert.deepEqual((await ci.expect(403, line)).errors, ['DENIED'], line)
  const { body } = await ci.expect(200, 'GET /v2/_catalog')
  assert.deepEqual(JSON.parse(body.toString()), { repositories: ['base/os', 'team/app'] })
  const asked = await tokenFor(ci, 'repository:team/app:pull,push&scope=repository:secret/plans:pull&scope=repository:base/os:pull,push')
  const token = new OciClient(port, `Bearer ${asked}`)
  await token.expect(200, 'GET /v2/team/app/manifests/2')
  await token.expect(403, 'GET /v2/secret/plans/manifests/1')
  await token.expect(403, 'POST /v2/base/os/blobs/uploads/')
  const digest = await writer.blob('secret/plans', 'planned')
  await ci.expect(202, `POST /v2/team/app/blobs/uploads/?mount=${digest}&from=secret/plans`, { body: '' })
  assert.match((await registry(0, 'user', 'allow', 'ci', '--push', 'team/*')).out, /the user ci may push team\/\*/)
  await ci.expect(200, 'GET /v2/team/other/manifests/1')
  await ci.expect(403, 'GET /v2/base/os/manifests/1')
  await token.expect(401, 'GET /v2/team/app/manifests/2')
  assert.match((await registry(0, 'user', 'list')).out, /^ci \(push team\/\*\)$/m)
  for (const wrong of [
    ['--pull', 'No Name'],
    ['--pull-only', '--push', 'a'],
  ])
    await registry(2, 'user', 'allow', 'ci', ...wrong)
  await registry(3, 'user', 'allow', 'nobody')
  const path = `${instance.data}/registry.htpasswd`
  writeFileSync(path, readFileSync(path, 'utf8').replace('push=team/*', 'pull=base/*'))
  await ci.expect(200, 'GET /v2/base/os/manifests/1')
  await ci.expect(403, 'GET /v2/team/other/manifests/1')
  await registry(0, 'user', 'remove', 'ci')
})

test('docker, podman and skopeo log in, push and pull', async () => {
  const login = ['login', '--username', 'writer', '--password-stdin', host]
  const wrong = await instance.command('docker', login, { input: 'wrong' })
  assert.deepEqual([wrong.code, /unauthorized: incorrect username or password/.test(wrong.err)], [1, true], wrong.err)
  await instance.ok('tag', 'box', `${host}/mine/box:1`)
  const right = await instance.command('docker', login, { input: 'a secret: with a colon' })
  assert.equal(right.code, 0, right.err)
  await instance.ok('push', `${host}/mine/box:1`)
  await instance.ok('rmi', `${host}/mine/box:1`)
  await instance.ok('pull', `${host}/mine/box:1`)

  const storage = ['--root', `${instance.home}/podman`, '--runroot', `${instance.home}/podman-run`, '--storage-driver', 'vfs']
  const auth = `${instance.home}/podman-auth.json`
  const podman = (args: string[], input = ''): Promise<Outcome> =>
    instance.command('podman', [...storage, ...args, '--tls-verify=false', '--authfile', auth], { input })
  for (const [args, input] of [
    [['login', '--username', 'writer', '--password-stdin', host], 'a secret: with a colon'],
    [['pull', `${host}/mine/box:1`], ''],
    [['push', `${host}/mine/box:1`, `docker://${host}/mine/box:2`], ''],
  ] as const) {
    const { code, err } = await podman([...args], input)
    assert.equal(code, 0, err)
  }
  const denied = await instance.command('skopeo', [
    ...'copy --src-tls-verify=false --dest-tls-verify=false'.split(' '),
    '--src-creds=reader:read me',
    '--dest-creds=reader:read me',
    `docker://${host}/mine/box:2`,
    `docker://${host}/mine/box:3`,
  ])
  assert.match(denied.err, /denied/)
})

test('what needs no password is as was asked for, and docker pulls without a login', async () => {
  await registry(0, 'start', '--listen', `127.0.0.1:${port}`, '--anonymous', 'pull')
  await nobody.expect(200, 'GET /v2/read/this/manifests/1')
  assert.deepEqual((await nobody.expect(401, 'POST /v2/read/this/blobs/uploads/')).errors, ['UNAUTHORIZED'])
  // Docker's clients learn only from this answer that they can log in.
  await nobody.expect(401, 'GET /v2/')
  await instance.ok('logout', host)
  await instance.ok('rmi', `${host}/mine/box:1`)
  await instance.ok('pull', `${host}/mine/box:1`)
  await writer.blob('read/this', 'with a password')
})

test('a registry that is read-only refuses pushes and deletes, also docker’s', async () => {
  await registry(0, 'start', '--listen', `127.0.0.1:${port}`, '--anonymous', 'push', '--read-only')
  await nobody.expect(200, 'GET /v2/read/this/manifests/1')
  for (const line of ['POST /v2/read/this/blobs/uploads/', 'DELETE /v2/read/this/manifests/1', 'PUT /v2/read/this/manifests/2'])
    assert.deepEqual((await nobody.expect(405, line)).errors, ['UNSUPPORTED'], line)
  const { code, err } = await instance.docker('push', `${host}/mine/box:1`)
  assert.deepEqual([code, /can only be read/.test(err)], [1, true], err)
})

test('an address that others reach needs TLS and passwords', async () => {
  assert.match((await registry(2, 'start', '--listen', `0.0.0.0:${port}`)).err, /needs --tlscert and --tlskey/)
  mkdirSync(`${instance.home}/tls`)
  makeCertificate(`${instance.home}/tls/own`)
  const tls = ['--tlscert', `${instance.home}/tls/own.crt`, '--tlskey', `${instance.home}/tls/own.key`]
  assert.match((await registry(2, 'start', '--listen', `0.0.0.0:${port}`, '--anonymous', 'push', ...tls)).err, /without a password/)
  assert.match((await registry(2, 'start', '--listen', 'nonsense')).err, /ADDRESS:PORT/)
  // What was served before still is.
  await nobody.expect(200, 'GET /v2/read/this/manifests/1')
  await registry(0, 'start', '--listen', `0.0.0.0:${port}`, '--name', `registry.test:${port}`, ...tls)
  const certificates = `${instance.home}/certs`
  mkdirSync(certificates)
  writeFileSync(`${certificates}/ca.crt`, readFileSync(`${instance.home}/tls/own.crt`))
  const { code, err } = await instance.command('skopeo', [
    'copy',
    `--src-cert-dir=${certificates}`,
    '--src-creds=reader:read me',
    `docker://127.0.0.1:${port}/mine/box:1`,
    `dir:${instance.home}/over-tls`,
  ])
  assert.equal(code, 0, err)
  const unknown = await new Promise<number>((resolve, reject) => {
    const options = { host: '127.0.0.1', port, path: '/v2/', rejectUnauthorized: false, agent: false }
    request(options, (response) => resolve(response.resume().statusCode ?? 0))
      .on('error', reject)
      .end()
  })
  assert.equal(unknown, 401)
})

test('status tells how it is served, and to whom', async () => {
  const { out } = await registry(0, 'status')
  assert.match(out, new RegExp(`served as localhost:${port}, 127.0.0.1:${port}, registry.test:${port}, with TLS`))
  assert.match(out, /pull: nobody without a password\npush: nobody without a password\nusers: reader \(pull only\), writer/)
  assert.equal((await registry(0, 'user', 'list')).out, 'reader (pull only)\nwriter\n')
})
