import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { addressAt, contains, offsetOf, overlaps, parseSubnet, sizeOf, subnetText, type Subnet } from './address.ts'

const subnets = fc
  .record({ bits: fc.constantFrom(32 as const, 128 as const), number: fc.bigInt(0n, 2n ** 128n - 1n), length: fc.nat(126) })
  .map(({ bits, number, length }): Subnet => {
    const prefixLength = length % (bits - 1)
    const size = 2n ** BigInt(bits - prefixLength)
    return { bits, base: ((number % 2n ** BigInt(bits)) / size) * size, prefixLength }
  })

test('a subnet survives being written and read', () => {
  fc.assert(fc.property(subnets, (subnet) => assert.deepEqual(parseSubnet(subnetText(subnet)), subnet)))
})

test('a subnet contains its addresses, each at its own place, and not the one behind', () => {
  fc.assert(
    fc.property(subnets, fc.bigInt(0n, 2n ** 128n), (subnet, number) => {
      const offset = number % sizeOf(subnet)
      assert.equal(offsetOf(subnet, addressAt(subnet, offset)), offset)
      const behind = subnet.base + sizeOf(subnet)
      if (behind < 2n ** BigInt(subnet.bits)) assert.equal(contains(subnet, addressAt(subnet, sizeOf(subnet))), false)
    }),
  )
})

test('two subnets overlap when one contains the first address of the other', () => {
  fc.assert(
    fc.property(subnets, subnets, (a, b) => {
      assert.equal(overlaps(a, a), true)
      assert.equal(overlaps(a, b), contains(a, addressAt(b, 0n)) || contains(b, addressAt(a, 0n)))
    }),
  )
})

test('host bits are cut; what is no subnet, or too small a one, is refused', () => {
  assert.equal(subnetText(parseSubnet('10.1.2.3/16')), '10.1.0.0/16')
  assert.equal(subnetText(parseSubnet('FD00:0::7/64')), 'fd00::/64')
  for (const text of ['', '10.0.0.0', '10.0.0.0/32', '10.0.0.0/', '10.0.0/8', 'fd00::/128', 'fd00::/64/1', 'fd00::/-1', 'fe80::%1/64'])
    assert.throws(() => parseSubnet(text), { kind: 'invalid' }, text)
})
