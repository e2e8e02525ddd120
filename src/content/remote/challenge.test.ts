import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseChallenges } from './challenge.ts'

const plain = (header: string): unknown =>
  parseChallenges(header).map(({ scheme, parameters }) => ({ scheme, ...Object.fromEntries(parameters) }))

test('a bearer challenge is read with its commas and quotes', () => {
  assert.deepEqual(
    plain('Bearer realm="https://a.example/token",service="r \\"x\\"",scope="repository:a/b:pull,push",error="insufficient_scope"'),
    [
      {
        scheme: 'bearer',
        realm: 'https://a.example/token',
        service: 'r "x"',
        scope: 'repository:a/b:pull,push',
        error: 'insufficient_scope',
      },
    ],
  )
})

test('several challenges in one header are told apart', () => {
  assert.deepEqual(plain('Basic Realm=here, Negotiate, BEARER realm="x" , service=y'), [
    { scheme: 'basic', realm: 'here' },
    { scheme: 'negotiate' },
    { scheme: 'bearer', realm: 'x', service: 'y' },
  ])
})

test('whatever is written as a quoted parameter reads back', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (realm, service) => {
      const quote = (text: string): string => `"${text.replaceAll(/["\\]/g, '\\$&')}"`
      fc.pre(!/[\n\r]/.test(realm + service))
      assert.deepEqual(plain(`Bearer realm=${quote(realm)}, service=${quote(service)}`), [{ scheme: 'bearer', realm, service }])
    }),
  )
})

test('no header makes the parser throw or hang', () => {
  fc.assert(fc.property(fc.string({ maxLength: 200 }), (header) => void parseChallenges(header)))
  parseChallenges(`Bearer ${'a="'.repeat(50_000)}`)
})
