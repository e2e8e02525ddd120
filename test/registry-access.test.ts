import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { freePorts } from './free-ports.ts'
import { Instance } from './instance.ts'
import { RegistryServer } from './registry-server.ts'
import { makeCertificate, TokenServer } from './token-server.ts'

/** Registries that want to know who asks: TLS with a password, and tokens. */
const instance = new Instance()
const port = await freePorts(3)
const withPassword = new RegistryServer(port)
const withTokens = new RegistryServer(port + 1)
const stem = `${instance.home}/registry`
makeCertificate(stem)
const tokens = new TokenServer(stem)

/** bcrypt of `secret`. */
const passwords = 'user:$2b$05$R.kRDLLwK4uSs6zwQX3eseafgghE5w7rP/C.6OJci.smphvZTYsAK\n'

before(async () => {
  writeFileSync(`${instance.home}/htpasswd`, passwords)
  const tls = `, tls: {certificate: ${stem}.crt, key: ${stem}.key}`
  await withPassword.start({ http: tls, more: `auth: {htpasswd: {realm: here, path: ${instance.home}/htpasswd}}` }, 'https')
  await tokens.start(port + 2)
  const { service, issuer } = tokens
  const token = `realm: "http://127.0.0.1:${port + 2}/token", service: ${service}, issuer: ${issuer}, rootcertbundle: ${stem}.crt`
  await withTokens.start({ more: `auth: {token: {${token}}}` })
  await instance.start()
  await instance.importBox()
})

after(async () => {
  await instance.stop()
  await withPassword[Symbol.asyncDispose]()
  await withTokens[Symbol.asyncDispose]()
  await tokens[Symbol.asyncDispose]()
})

function login(host: string, user: string, password = 'secret') {
  return instance.command('docker', ['login', '-u', user, '--password-stdin', host], { input: password })
}

test('a registry with TLS and a password lets in who logs in', async () => {
  const { host } = withPassword
  const name = `${host}/box`
  const wrong = await login(host, 'user', 'wrong')
  assert.equal(wrong.code, 1)
  assert.match(wrong.err, /unauthorized: authentication required/)
  await instance.ok('tag', 'box', name)
  const nobody = await instance.docker('push', name)
  assert.equal(nobody.code, 1)
  assert.match(nobody.err, /no basic auth credentials/)
  assert.match((await login(host, 'user')).out, /Login Succeeded/)
  await instance.ok('push', name)
  await instance.ok('rmi', name)
  await instance.ok('pull', name)
  await instance.ok('logout', host)
  const denied = await instance.docker('pull', name)
  assert.equal(denied.code, 1)
  assert.match(
    denied.err,
    new RegExp(
      `Error response from daemon: pull access denied for 127\\.0\\.0\\.1:${port}/box, repository does not exist or may require 'docker login': no basic auth`,
    ),
  )
})

test('tokens: what may be done depends on who asks', async () => {
  const { host } = withTokens
  await instance.ok('tag', 'box', `${host}/public/box`)
  await instance.ok('tag', 'box', `${host}/private/box`)
  assert.match((await login(host, 'writer', 'wrong')).err, /unauthorized: incorrect username or password/)
  assert.match((await login(host, 'writer')).out, /Login Succeeded/)
  await instance.ok('push', `${host}/public/box`)
  await instance.ok('push', `${host}/private/box`)
  await instance.ok('tag', 'box', `${host}/private/second`)
  await instance.ok('push', `${host}/private/second`)
  await instance.ok('logout', host)
  await instance.ok('pull', `${host}/public/box`)
  assert.match(
    (await instance.docker('pull', `${host}/private/box`)).err,
    new RegExp(`pull access denied for 127\\.0\\.0\\.1:${port + 1}/private/box`),
  )
  await login(host, 'reader')
  await instance.ok('pull', `${host}/private/box`)
  const denied = await instance.docker('push', `${host}/private/box:latest`)
  assert.equal(denied.code, 1)
  assert.match(denied.err, /denied: requested access to the resource is denied/)
})

test('a login gives a refresh token, which is used from then on; tokens are kept while they are good', async () => {
  const { host } = withTokens
  await login(host, 'reader')
  const kept = JSON.parse(readFileSync(`${instance.home}/.docker/config.json`, 'utf8')) as {
    auths: Record<string, { identitytoken?: string }>
  }
  assert.equal(kept.auths[host]?.identitytoken, 'refresh-reader')
  tokens.asked.length = 0
  await instance.ok('rmi', `${host}/private/second`)
  await instance.ok('pull', `${host}/private/second`)
  assert.deepEqual(tokens.asked, [{ grant: 'refresh token', scopes: ['repository:private/second:pull'] }])
  tokens.asked.length = 0
  await instance.ok('pull', `${host}/private/second`)
  assert.deepEqual(tokens.asked, [])
})

test('layers are mounted from where this person may read', async () => {
  const { host } = withTokens
  await login(host, 'writer')
  await instance.ok('tag', 'box', `${host}/private/copy`)
  tokens.asked.length = 0
  assert.match(await instance.ok('push', `${host}/private/copy`), /Mounted from (public|private)\/(box|second)/)
  assert.ok(tokens.asked.some(({ scopes }) => scopes.length === 2 && scopes.includes('repository:private/copy:pull,push')))
})

test('the daemon writes no secret into its log', () => {
  const log = readFileSync(`${instance.run}/daemon.log`, 'utf8')
  assert.ok(log.includes('ready'))
  assert.doesNotMatch(log, /secret|refresh-|Basic |Bearer /)
})
