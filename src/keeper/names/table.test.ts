import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type, type Query } from './message.ts'
import { answerLocally, Names } from './table.ts'

const front = new Names({
  id: '1',
  name: 'Front',
  records: [
    { names: ['web', 'www', 'abc123'], address: '10.0.0.2' },
    { names: ['web2', 'www'], address: '10.0.0.3', ipv6: 'fd00::3' },
  ],
})
const back = new Names({ id: '2', name: 'back', records: [{ names: ['db', 'web'], address: '10.0.1.2' }] })

function ask(name: string, kind: number = type.A, turn = 0): unknown {
  const query: Query = { id: 1, recursionDesired: true, name, type: kind, question: Buffer.alloc(0), payload: undefined }
  return answerLocally([front, back], query, turn)?.answers.map(({ value }) => value)
}

test('names, aliases and names with their network are found, on the first network that knows them', () => {
  assert.deepEqual(ask('web'), ['10.0.0.2'])
  assert.deepEqual(ask('abc123'), ['10.0.0.2'])
  assert.deepEqual(ask('web.front'), ['10.0.0.2'])
  assert.deepEqual(ask('web.back'), ['10.0.1.2'])
  assert.deepEqual(ask('db'), ['10.0.1.2'])
})

test('several addresses of one alias take turns', () => {
  assert.deepEqual(ask('www', type.A, 0), ['10.0.0.2', '10.0.0.3'])
  assert.deepEqual(ask('www', type.A, 1), ['10.0.0.3', '10.0.0.2'])
  assert.deepEqual(ask('www', type.A, 2), ['10.0.0.2', '10.0.0.3'])
})

test('a known name has no addresses of other kinds, an unknown one is for others', () => {
  assert.deepEqual(ask('web', type.AAAA), [])
  assert.equal(ask('nobody'), undefined)
  assert.equal(ask('9.0.0.10.in-addr.arpa', type.PTR), undefined)
})

test('a name has the addresses of the family that is asked for', () => {
  assert.deepEqual(ask('web2', type.AAAA), ['fd00::3'])
  assert.deepEqual(ask('web2'), ['10.0.0.3'])
  assert.deepEqual(ask('www', type.AAAA, 1), ['fd00::3'])
  assert.deepEqual(ask(`3.${'0.'.repeat(27)}0.0.d.f.ip6.arpa`, type.PTR), ['web2.Front'])
})

test('an address has its container and network as name', () => {
  assert.deepEqual(ask('2.0.0.10.in-addr.arpa', type.PTR), ['web.Front'])
})
