import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { addressBytes, addressText } from './ip-address.ts'

const ipv6 = fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 255 })), { minLength: 16, maxLength: 16 })

test('an address survives being written and read, in both families', () => {
  const ipv4 = fc.array(fc.integer({ min: 0, max: 255 }), { minLength: 4, maxLength: 4 })
  fc.assert(fc.property(fc.oneof(ipv4, ipv6), (bytes) => assert.deepEqual([...addressBytes(addressText(Buffer.from(bytes)))], bytes)))
})

test('addresses are written as the URL standard, which follows RFC 5952, writes them', () => {
  fc.assert(
    fc.property(ipv6, (bytes) => {
      const text = addressText(Buffer.from(bytes))
      assert.equal(`[${text}]`, new URL(`http://[${text}]/`).hostname)
    }),
  )
})

test('every way to write an address reads alike', () => {
  for (const text of ['FD00:0:0:0:0:0:0:1', 'fd00::0001', 'fd00::0:1', 'fd00:0::0.0.0.1'])
    assert.equal(addressText(addressBytes(text)), 'fd00::1')
  assert.equal(addressText(addressBytes('::')), '::')
  assert.equal(addressText(addressBytes('1::')), '1::')
})

test('what is no address is refused', () => {
  for (const text of ['', '1.2.3', '1.2.3.4.5', '1.2.3.256', 'fd00', 'fd00:::1', '1::2::3', 'fe80::1%eth0', '1.2.3.4/8'])
    assert.throws(() => addressBytes(text), { kind: 'invalid' }, text)
})
