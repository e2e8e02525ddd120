import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { boundHash, isBound } from './bound-hash.ts'

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

test('the hash of a container that is bound to others is of their ids, as in Docker Compose', () => {
  const text = '{"image":"box","network_mode":"service:db","pid":"service:db","volumes_from":["db:ro","container:other:ro"]}'
  assert.ok(isBound(text))
  assert.equal(
    boundHash(text, (service) => (service === 'db' ? 'd1' : undefined)),
    sha256('{"image":"box","network_mode":"container:d1","pid":"container:d1","volumes_from":["d1","other"]}'),
  )
  assert.equal(
    boundHash(text, () => undefined),
    undefined,
  )
})

test('what names no service is not bound', () => {
  assert.ok(!isBound('{"image":"box","network_mode":"host","environment":{"A":"service:db"}}'))
})
