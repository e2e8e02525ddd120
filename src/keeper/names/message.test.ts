import assert from 'node:assert/strict'
import { test } from 'node:test'
import packets from 'dns-packet'
import fc from 'fast-check'
import { code, decodeQuery, encodeFailure, encodeReply, reversedAddress, type, type Query } from './message.ts'

const label = fc.stringMatching(/^[a-zA-Z0-9_-]{1,63}$/)
const name = fc.array(label, { minLength: 1, maxLength: 3 }).map((labels) => labels.join('.'))
const address = fc.ipV4()

function decoded(bytes: Buffer): Query {
  const query = decodeQuery(bytes)
  assert.ok(typeof query === 'object')
  return query
}

test('a query is read as dns-packet wrote it', () => {
  fc.assert(
    fc.property(name, fc.constantFrom('A', 'AAAA', 'PTR', 'TXT'), fc.nat(65_535), fc.boolean(), (asked, kind, id, edns) => {
      const additionals = edns
        ? [
            {
              type: 'OPT' as const,
              name: '.',
              udpPayloadSize: 4096,
              extendedRcode: 0,
              ednsVersion: 0,
              flags: 0,
              flag_do: false,
              options: [],
            },
          ]
        : []
      const bytes = packets.encode({
        type: 'query',
        id,
        flags: packets.RECURSION_DESIRED,
        questions: [{ name: asked, type: kind }],
        additionals,
      })
      const query = decoded(bytes)
      assert.deepEqual(
        [query.id, query.name, query.recursionDesired, query.payload],
        [id, asked.toLowerCase(), true, edns ? 4096 : undefined],
      )
    }),
  )
})

test('a reply is read by dns-packet as it was meant', () => {
  fc.assert(
    fc.property(name, fc.array(address, { maxLength: 8 }), fc.constantFrom('A', 'AAAA'), (asked, ipv4, kind) => {
      const addresses = kind === 'A' ? ipv4 : ipv4.map((text) => `fd00:1:2:3:1${text.replaceAll('.', ':1')}`)
      const query = decoded(packets.encode({ type: 'query', id: 7, questions: [{ name: asked, type: kind }] }))
      const reply = packets.decode(
        encodeReply(query, { code: code.NOERROR, answers: addresses.map((value) => ({ type: type[kind], value })), limit: 65_535 }),
      )
      assert.equal(reply.id, 7)
      assert.equal((reply.flags ?? 0) & 0xf, code.NOERROR)
      assert.deepEqual(
        reply.questions?.map((question) => question.name),
        [asked],
      )
      assert.deepEqual(
        reply.answers?.map((answer) => [answer.name, answer.type, 'data' in answer && answer.data]),
        addresses.map((value) => [asked, kind, value]),
      )
    }),
  )
})

test('a reply that is too long for its client is cut and says so', () => {
  const query = decoded(packets.encode({ type: 'query', id: 7, questions: [{ name: 'many', type: 'A' }] }))
  const answers = Array.from({ length: 100 }, (_, index) => ({ type: type.A, value: `10.0.0.${index}` }))
  const bytes = encodeReply(query, { code: code.NOERROR, answers, limit: 512 })
  assert.ok(bytes.length <= 512)
  const reply = packets.decode(bytes)
  assert.equal(reply.flag_tc, true)
  assert.ok((reply.answers?.length ?? 0) > 20)
})

test('a reverse question is answered with a name', () => {
  assert.equal(reversedAddress('4.3.2.1.in-addr.arpa'), '1.2.3.4')
  assert.equal(reversedAddress(`1.${'0.'.repeat(27)}0.0.d.f.ip6.arpa`), 'fd00::1')
  for (const other of ['example.com', '1.0.d.f.ip6.arpa', `x.${'0.'.repeat(31)}ip6.arpa`]) assert.equal(reversedAddress(other), undefined)
  const query = decoded(packets.encode({ type: 'query', id: 7, questions: [{ name: '4.3.2.1.in-addr.arpa', type: 'PTR' }] }))
  const reply = packets.decode(encodeReply(query, { code: code.NOERROR, answers: [{ type: type.PTR, value: 'web.front' }], limit: 512 }))
  assert.deepEqual(
    reply.answers?.map((answer) => 'data' in answer && answer.data),
    ['web.front'],
  )
})

test('whatever arrives is read, refused or ignored, never thrown over', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
      const message = Buffer.from(bytes)
      const query = decodeQuery(message)
      if (typeof query === 'number') assert.equal(encodeFailure(message, query).length, 12)
      else if (query !== undefined) assert.ok(encodeReply(query, { code: code.NXDOMAIN, answers: [], limit: 512 }).length >= 12)
    }),
    { numRuns: 2000 },
  )
})

test('a broken query is a format error, a strange operation is not implemented', () => {
  const good = packets.encode({ type: 'query', id: 7, questions: [{ name: 'web', type: 'A' }] })
  assert.equal(decodeQuery(good.subarray(0, good.length - 3)), code.FORMERR)
  const update = Buffer.from(good)
  update.writeUInt16BE(5 << 11, 2)
  assert.equal(decodeQuery(update), code.NOTIMP)
  const answer = Buffer.from(good)
  answer.writeUInt16BE(0x8000, 2)
  assert.equal(decodeQuery(answer), undefined)
})
