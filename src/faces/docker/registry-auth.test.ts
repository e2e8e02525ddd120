import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { domainOf, registryAuth, registryConfig } from './registry-auth.ts'
import type { Call } from './route.ts'

const call = (headers: Readonly<Record<string, string>>): Call => ({ request: { headers } }) as unknown as Call
const encoded = (value: unknown, encoding: 'base64' | 'base64url' = 'base64url'): string =>
  Buffer.from(JSON.stringify(value)).toString(encoding)
const auth = (value: unknown): unknown => registryAuth(call({ 'x-registry-auth': encoded(value) }))

test('a client says who it is in one of four ways, or not at all', () => {
  assert.deepEqual(auth({ username: 'u', password: 'p:w' }), { type: 'password', username: 'u', password: 'p:w' })
  assert.deepEqual(auth({ auth: btoa('u:p:w') }), { type: 'password', username: 'u', password: 'p:w' })
  assert.deepEqual(auth({ username: '<token>', identitytoken: 't' }), { type: 'identity', token: 't' })
  assert.deepEqual(auth({ registrytoken: 't' }), { type: 'registry', token: 't' })
  for (const nobody of [{}, { username: '', password: '' }, { auth: '' }, { auth: btoa('nocolon') }]) assert.equal(auth(nobody), undefined)
  assert.equal(registryAuth(call({})), undefined)
})

test('both base64 alphabets are read, with padding and without', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), fc.constantFrom('base64' as const, 'base64url' as const), (password, encoding) => {
      const header = encoded({ username: 'u', password }, encoding)
      assert.deepEqual(registryAuth(call({ 'x-registry-auth': header })), { type: 'password', username: 'u', password })
    }),
  )
})

test('what is not an AuthConfig is refused without a word of it', () => {
  for (const header of ['secret', btoa('"secret"'), btoa('secret')])
    assert.throws(() => registryAuth(call({ 'x-registry-auth': header })), { kind: 'invalid', message: 'invalid X-Registry-Auth header' })
})

test('credentials of several registries are told apart by domain', () => {
  const header = encoded({
    'https://index.docker.io/v1/': { username: 'u', password: 'p' },
    'r.example:5000': { identitytoken: 't' },
    'nobody.example': {},
  })
  assert.deepEqual(
    [...registryConfig(call({ 'x-registry-config': header }))],
    [
      ['docker.io', { type: 'password', username: 'u', password: 'p' }],
      ['r.example:5000', { type: 'identity', token: 't' }],
    ],
  )
  assert.equal(domainOf('http://r.example/v2/'), 'r.example')
})
