import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { contains, parseSubnet } from './address.ts'
import { chooseAddress, chooseSpace } from './choose.ts'
import type { AddressSpace, Network } from './model.ts'
import { parseIPv6Routes, parseRoutes } from './routed-subnets.ts'
import { uniqueLocalPool } from './unique-local.ts'

const network = { id: 'i', name: 'n' }
const pools = { ipv4: '10.200.0.0/22', ipv6: uniqueLocalPool('test') }

function record(space: AddressSpace, ipv6?: AddressSpace): Network {
  const rest = { created: 0, internal: false, bridge: 'b', labels: {}, options: {} }
  return { ...network, driver: 'bridge', ...rest, ...space, ...(ipv6 !== undefined && { ipv6 }) }
}

test('networks are cut from the pool one after the other, until it is used up', () => {
  const networks: Network[] = []
  for (let count = 0; count < 4; count++)
    networks.push(record(chooseSpace({}, pools.ipv4, networks), chooseSpace({}, pools.ipv6, networks)))
  assert.deepEqual(
    networks.map(({ subnet, gateway }) => [subnet, gateway]),
    [0, 1, 2, 3].map((third) => [`10.200.${third}.0/24`, `10.200.${third}.1`]),
  )
  assert.equal(new Set(networks.map(({ ipv6 }) => ipv6?.subnet)).size, 4)
  for (const { ipv6 } of networks) assert.match(ipv6?.subnet ?? '', /^fd[0-9a-f:]+::\/64$/)
  assert.throws(() => chooseSpace({}, pools.ipv4, networks), { kind: 'unavailable' })
})

test('wishes are checked against the subnet, in both families', () => {
  const space = chooseSpace({ subnet: 'fd00:1::/64', gateway: 'FD00:1:0::9' }, pools.ipv6, [])
  assert.deepEqual(space, { subnet: 'fd00:1::/64', gateway: 'fd00:1::9', chosen: true })
  const wrong = [{ gateway: 'fd00:2::1' }, { gateway: '10.0.0.1' }, { ipRange: 'fd00:2::/80' }, { reserved: { a: 'fd00:2::1' } }]
  for (const wish of wrong) assert.throws(() => chooseSpace({ subnet: 'fd00:1::/64', ...wish }, pools.ipv6, []), { kind: 'invalid' })
  assert.throws(() => chooseSpace({ subnet: '10.1.0.0/24' }, pools.ipv6, []), { kind: 'invalid' })
  assert.throws(() => chooseSpace({ subnet: 'fd00::/16' }, pools.ipv6, [record({ subnet: '10.1.0.0/24', gateway: '' }, space)]), {
    kind: 'forbidden',
  })
})

test('a range may be smaller than any subnet, down to one address', () => {
  for (const [ipRange, first] of [
    ['fd00:1::ffff:fffe/127', 'fd00:1::ffff:fffe'],
    ['fd00:1::7/128', 'fd00:1::7'],
  ] as const) {
    const space = chooseSpace({ subnet: 'fd00:1::/64', ipRange }, pools.ipv6, [])
    assert.equal(chooseAddress({ network, space, taken: new Set() }, {}), first)
  }
  assert.throws(() => chooseSpace({ subnet: 'fd00:1::/128' }, pools.ipv6, []), { kind: 'invalid' })
  assert.throws(() => chooseSpace({ subnet: 'fd00:1::/64', ipRange: 'fd00:1::/129' }, pools.ipv6, []), { kind: 'invalid' })
})

test('addresses are handed out each once, all of them, and never the gateway or a reserved one', () => {
  const spaces = fc.constantFrom('10.9.0.0/28', 'fd00:9::/124').map((subnet) => ({ subnet, gateway: subnet.replace(/0\/.*|\/.*/, '3') }))
  fc.assert(
    fc.property(spaces, fc.nat(12), ({ subnet, gateway }, before) => {
      const space = { subnet, gateway, reserved: { a: gateway.replace(/3$/, '4') } }
      const taken = new Set<string>()
      let last: string | undefined
      for (let count = 0; count < 12; count++) {
        const address = chooseAddress({ network, space, taken }, { last })
        assert.ok(contains(parseSubnet(subnet), address) && !taken.has(address))
        assert.ok(address !== gateway && address !== space.reserved.a)
        taken.add(address)
        last = count === before ? undefined : address
      }
      assert.throws(() => chooseAddress({ network, space, taken }, { last }), { kind: 'unavailable' })
    }),
  )
})

test('a wished address needs a subnet that was chosen, and to be free', () => {
  const space = { subnet: 'fd00:9::/64', gateway: 'fd00:9::1', reserved: { kept: 'fd00:9:0::9' }, chosen: true }
  const choice = { network, space, taken: new Set(['fd00:9::2']) }
  assert.equal(chooseAddress(choice, { wished: 'fd00:9:0:0::77' }), 'fd00:9::77')
  for (const [wished, kind] of [
    ['fd00:9:0::2', 'forbidden'],
    ['fd00:9::1', 'forbidden'],
    ['fd00:9::9', 'forbidden'],
    ['fd00:9::', 'forbidden'],
    ['fd00:8::1', 'invalid'],
    ['10.0.0.1', 'invalid'],
    ['x', 'invalid'],
  ] as const)
    assert.throws(() => chooseAddress(choice, { wished }), { kind }, wished)
  assert.throws(() => chooseAddress({ ...choice, space: { ...space, chosen: false } }, { wished: 'fd00:9::5' }), { kind: 'invalid' })
})

test("the host's routes are read, but for default routes", () => {
  const heads = 'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT'
  const rows = ['eth0\t00000000\t0100000A\t0003\t0\t0\t0\t00000000\t0\t0\t0', 'gy0\t0000400A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0']
  assert.deepEqual(parseRoutes([heads, ...rows].join('\n')), [parseSubnet('10.64.0.0/24')])
  const zero = '0'.repeat(32)
  const row = (destination: string, length: string): string =>
    `${destination} ${length} ${zero} 00 ${zero} 00000100 00000001 00000000 00000001 eth0`
  assert.deepEqual(parseIPv6Routes([row(`fd00${'0'.repeat(28)}`, '40'), row(zero, '00')].join('\n')), [parseSubnet('fd00::/64')])
  assert.deepEqual(parseIPv6Routes(''), [])
})
