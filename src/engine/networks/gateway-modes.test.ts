import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { run } from '#host/process/run.ts'
import { ask, connectOutside, isSilent, join, namespace, networks, ping, serve } from './networks.fixture.ts'

const bridge = 'com.docker.network.bridge'

/** Both families in the same mode. */
function inMode(mode: string): Record<string, string> {
  return { [`${bridge}.gateway_mode_ipv4`]: mode, [`${bridge}.gateway_mode_ipv6`]: mode }
}

function addressesOf(container: string): string[] {
  const [endpoint] = networks.endpointsOf(container)
  return [endpoint?.ipAddress ?? '', endpoint?.ipv6?.address ?? '']
}

/** Addresses of a bridge, those of its link left out. */
async function addressesOn(name: string): Promise<string> {
  const { stdout } = await run('ip', ['-o', 'address', 'show', 'dev', networks.get(name).bridge, 'scope', 'global'])
  return stdout
}

describe('between a network and other machines', () => {
  it('there are only routes when it is routed: its containers keep their addresses, and are reached by those on published ports', async () => {
    await connectOutside()
    await networks.create({ name: 'routed', ipv6: {}, options: inMode('routed') })
    await join('a', 'routed')
    const [ipv4 = '', ipv6 = ''] = addressesOf('a')
    await using _there = await serve('outside', 80, '::')
    await using _here = await serve('a', 80, '::')
    await using _other = await serve('a', 81, '::')
    assert.equal(await ask('198.51.100.2', 80, 'a'), `::ffff:${ipv4}`)
    assert.equal(await ask('fd00:77::2', 80, 'a'), ipv6)
    for (const address of [ipv4, ipv6]) {
      assert.equal(await ping('outside', address), true)
      assert.equal(await isSilent(address, 80, 'outside'), true)
    }
    const wanted = { hostIp: '', hostPort: 8070, containerPort: 80, protocol: 'tcp' } as const
    const ports = await networks.publish('a', ipv4, [wanted, { ...wanted, hostPort: 8071 }])
    assert.deepEqual(
      ports.map(({ hostIp, hostPort }) => [hostIp, hostPort]),
      [
        ['0.0.0.0', 0],
        ['::', 0],
      ],
    )
    assert.equal(await ask(ipv4, 80, 'outside'), '::ffff:198.51.100.2')
    assert.equal(await ask(ipv6, 80, 'outside'), 'fd00:77::2')
    for (const address of [ipv4, ipv6]) assert.equal(await isSilent(address, 81, 'outside'), true)
    assert.equal(await isSilent('198.51.100.1', 8070, 'outside'), true)
    await run('nft', ['flush', 'ruleset'])
    networks.repair()
    assert.equal(await ask(ipv4, 80, 'outside'), '::ffff:198.51.100.2')
    await networks.unpublish('a')
    assert.equal(await isSilent(ipv4, 80, 'outside'), true)
  })

  it('there can be a routed family beside one that is not', async () => {
    await connectOutside()
    await networks.create({ name: 'mixed', ipv6: {}, options: { [`${bridge}.gateway_mode_ipv6`]: 'routed' } })
    await join('a', 'mixed')
    const [ipv4 = '', ipv6 = ''] = addressesOf('a')
    await using _here = await serve('a', 80, '::')
    await networks.publish('a', ipv4, [{ hostIp: '', hostPort: 8072, containerPort: 80, protocol: 'tcp' }])
    assert.equal(await ask('198.51.100.1', 8072, 'outside'), '::ffff:198.51.100.2')
    assert.equal(await isSilent(ipv4, 80, 'outside'), true)
    assert.equal(await ask(ipv6, 80, 'outside'), 'fd00:77::2')
    assert.equal(await isSilent('fd00:77::1', 8072, 'outside'), true)
  })

  it('nothing guards it when it is unprotected, but its containers hide behind the host', async () => {
    await connectOutside()
    await networks.create({ name: 'open', ipv6: {}, options: inMode('nat-unprotected') })
    await join('a', 'open')
    await using _there = await serve('outside', 80, '::')
    await using _here = await serve('a', 80, '::')
    assert.equal(await ask('198.51.100.2', 80, 'a'), '::ffff:198.51.100.1')
    for (const address of addressesOf('a')) assert.notEqual(await ask(address, 80, 'outside'), '')
  })

  it('there is not even the host when it is isolated', async () => {
    await networks.create({ name: 'isolated', internal: true, ipv6: {}, options: inMode('isolated') })
    assert.equal(await addressesOn('isolated'), '')
    await join('a', 'isolated')
    await join('b', 'isolated')
    assert.deepEqual(
      networks.endpointsOf('a').map(({ gateway, ipv6 }) => [gateway, ipv6?.gateway]),
      [['', '']],
    )
    for (const address of addressesOf('b')) assert.equal(await ping('a', address), true)
    for (const address of addressesOf('b')) assert.equal((await run('busybox', ['ping', '-c', '1', '-W', '1', address])).code, 1)
    await assert.rejects(networks.create({ name: 'wrong', options: inMode('isolated') }), {
      kind: 'invalid',
      message: "gateway mode 'isolated' can only be used for an internal network",
    })
  })

  it('packets carry the address of the host that its options name', async () => {
    await connectOutside()
    for (const address of ['198.51.100.9/24', 'fd00:77::9/64']) await run('ip', ['address', 'add', address, 'dev', 'outside'])
    const options = { 'com.docker.network.host_ipv4': '198.51.100.9', 'com.docker.network.host_ipv6': 'fd00:77::9' }
    await networks.create({ name: 'named', ipv6: {}, options })
    await join('a', 'named')
    await using _there = await serve('outside', 80, '::')
    assert.equal(await ask('198.51.100.2', 80, 'a'), '::ffff:198.51.100.9')
    assert.equal(await ask('fd00:77::2', 80, 'a'), 'fd00:77::9')
  })

  it('trusted interfaces lead to its containers', async () => {
    await connectOutside()
    await networks.create({ name: 'trusting', options: { [`${bridge}.trusted_host_interfaces`]: 'other0:outside' } })
    await join('a', 'trusting')
    await using _here = await serve('a', 80)
    const [address = ''] = addressesOf('a')
    assert.equal(await ask(address, 80, 'outside'), '198.51.100.2')
  })

  it('an internal one has no way round through ports that others publish', async () => {
    await networks.create({ name: 'inside', internal: true })
    const [address = ''] = await join('web', 'bridge')
    await join('a', 'inside')
    await using _server = await serve('web', 80)
    await networks.publish('web', address, [{ hostIp: '0.0.0.0', hostPort: 8073, containerPort: 80, protocol: 'tcp' }])
    assert.notEqual(await ask(networks.get('bridge').gateway, 8073), '')
    assert.equal(await isSilent(networks.get('inside').gateway, 8073, 'a'), true)
  })
})

describe('options of a network', () => {
  it('name its interfaces, leave the bridge without an address, and choose another gateway', async () => {
    const options = { 'com.docker.network.container_iface_prefix': 'net', [`${bridge}.inhibit_ipv4`]: 'true' }
    await networks.create({ name: 'net1', subnet: '10.9.0.0/24', reserved: { DefaultGatewayIPv4: '10.9.0.77' }, options })
    assert.equal(await addressesOn('net1'), '')
    const [address] = await join('a', 'net1')
    assert.equal(address, '10.9.0.2')
    const { stdout } = await run('nsenter', [`--net=${namespace('a')}`, 'ip', 'route'])
    assert.match(stdout, /^default via 10\.9\.0\.77 dev net0/)
  })

  it('leave both addresses of a subnet of two to containers, where nobody uses a gateway', async () => {
    const inhibited = { [`${bridge}.inhibit_ipv4`]: 'true' }
    const modes = { quiet: ['192.168.135', inhibited], lone: ['192.168.136', { [`${bridge}.gateway_mode_ipv4`]: 'isolated' }] } as const
    for (const [name, [prefix, options]] of Object.entries(modes)) {
      await networks.create({ name, subnet: `${prefix}.0/31`, internal: true, options })
      assert.deepEqual([(await join('a', name)).at(-1), (await join('b', name)).at(-1)].toSorted(), [`${prefix}.0`, `${prefix}.1`])
      for (const address of [`${prefix}.0`, `${prefix}.1`]) assert.equal(await ping('a', address), true)
      await assert.rejects(join('web', name), { kind: 'unavailable' })
    }
  })

  it('are refused where they say nothing that can be', async () => {
    for (const [option, value] of [
      [`${bridge}.enable_icc`, 'maybe'],
      [`${bridge}.gateway_mode_ipv4`, 'odd'],
      [`${bridge}.host_binding_ipv4`, 'everywhere'],
      ['com.docker.network.host_ipv6', '10.0.0.1'],
      ['com.docker.network.driver.mtu', '12x'],
    ] as const)
      await assert.rejects(networks.create({ name: 'wrong', options: { [option]: value } }), {
        kind: 'invalid',
        message: `invalid value for ${option}: "${value}"`,
      })
    await assert.rejects(networks.create({ name: 'wrong', options: { 'com.docker.network.odd': '1' } }), { kind: 'not implemented' })
  })
})
