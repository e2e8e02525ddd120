import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { createServer } from 'node:net'
import { describe, it } from 'node:test'
import { sleep, systemClock } from '#base/clock.ts'
import { FakeClock } from '#base/fake-clock.ts'
import { GalleyError } from '#base/error.ts'
import { linkIndex } from '#host/link/link.ts'
import { run } from '#host/process/run.ts'
import { dismantle } from './dismantle.ts'
import {
  ask,
  connectOutside,
  directory,
  filterBridged,
  ipv6Of,
  isSilent,
  join,
  namespace,
  networks,
  ping,
  quiet,
  restart,
  serve,
  store,
} from './networks.fixture.ts'

describe('networks', () => {
  it('let containers of one network reach each other and the gateway, and nobody of another network', async () => {
    await networks.create({ name: 'other' })
    const [, second = ''] = [...(await join('a', 'bridge')), ...(await join('b', 'bridge'))]
    const [third = ''] = await join('c', 'other')
    assert.equal(await ping('a', second), true)
    assert.equal(await ping('a', networks.get('bridge').gateway), true)
    assert.equal(await ping('a', third, 1), false)
    assert.equal(await ping('c', second, 1), false)
  })

  it('leave nothing of a network whose rules can not be put in place', async () => {
    await run('nft', ['flush', 'ruleset'])
    const repair = networks.repair.bind(networks)
    networks.repair = () => {
      throw new Error('no memory for rules')
    }
    await assert.rejects(networks.create({ name: 'half', options: { 'com.docker.network.bridge.name': 'half0' } }), /no memory for rules/)
    assert.deepEqual([networks.find('half'), linkIndex('half0')], [undefined, undefined])
    networks.repair = repair
    networks.repair()
    await networks.create({ name: 'half' })
  })

  it('take a container off a network that it could be put on only in part', async () => {
    let fails = false
    const tell = (): void => {
      if (fails) throw new Error('nobody to tell')
    }
    await restart(undefined, undefined, { tell, hold: async () => undefined, holdOnly: async () => undefined })
    await networks.create({ name: 'other' })
    await join('a', 'bridge')
    fails = true
    await assert.rejects(networks.connect('a', 'other', {}), /nobody to tell/)
    fails = false
    assert.deepEqual(
      networks.endpointsOf('a').map(({ networkName }) => networkName),
      ['bridge'],
    )
    await networks.connect('a', 'other', {})
  })

  it('let the addresses of a container go that ended, also where its ports can not be given back', async () => {
    await join('web', 'bridge')
    const unpublish = networks.unpublish.bind(networks)
    networks.unpublish = () => Promise.reject(new Error('the keeper died'))
    await assert.rejects(networks.destroySandbox('web'), /keeper died/)
    networks.unpublish = unpublish
    assert.deepEqual(networks.endpointsOf('web'), [])
  })

  it('publish a port on loopback, on a bridge address, to other networks and back to the container itself', async () => {
    await networks.create({ name: 'other' })
    const [address = ''] = await join('web', 'bridge')
    await join('client', 'other')
    await using _server = await serve('web', 80)
    const { gateway } = networks.get('bridge')
    assert.equal(await isSilent('127.0.0.1', 8080), true)
    const [port] = await networks.publish('web', address, [{ hostIp: '0.0.0.0', hostPort: 8080, containerPort: 80, protocol: 'tcp' }])
    assert.equal(port?.hostPort, 8080)
    assert.equal(await ask('127.0.0.1', 8080), gateway)
    assert.notEqual(await ask(gateway, 8080), '')
    assert.equal(await ask(networks.get('other').gateway, 8080, 'client'), networks.endpointsOf('client')[0]?.ipAddress)
    assert.equal(await ask(gateway, 8080, 'web'), gateway)
    filterBridged('0')
    assert.equal(await ask(gateway, 8080, 'web'), gateway)
    filterBridged('1')
    assert.equal(await isSilent(address, 80, 'client'), true)
    await networks.unpublish('web')
    assert.equal(await isSilent('127.0.0.1', 8080), true)
  })

  it('keep a port that is bound to 127.0.0.1 to this machine', async () => {
    await networks.create({ name: 'other' })
    const [address = ''] = await join('web', 'bridge')
    await join('client', 'other')
    await using _server = await serve('web', 80)
    const [port] = await networks.publish('web', address, [{ hostIp: '127.0.0.1', hostPort: 0, containerPort: 80, protocol: 'tcp' }])
    assert.ok(port !== undefined && port.hostPort >= 32_768)
    assert.notEqual(await ask('127.0.0.1', port.hostPort), '')
    assert.equal(await isSilent(networks.get('other').gateway, port.hostPort, 'client'), true)
  })

  it('have IPv6 where they ask for it, usable at once, apart from other networks, and none elsewhere', async () => {
    const six = await networks.create({ name: 'six', subnet: '10.9.0.0/24', ipv6: { subnet: 'fd00:9::/64' } })
    await networks.create({ name: 'seven', ipv6: {} })
    await join('a', 'six')
    await join('b')
    const endpoint = await networks.connect('b', 'six', { ipv6: 'fd00:9::77' })
    assert.deepEqual(endpoint.ipv6, { address: 'fd00:9::77', prefixLength: 64, gateway: 'fd00:9::1' })
    assert.equal(networks.endpointsOf('a')[0]?.ipv6?.address, 'fd00:9::2')
    assert.equal(await ping('a', 'fd00:9::77'), true)
    assert.equal(await ping('a', six.ipv6?.gateway ?? ''), true)
    await join('c', 'seven')
    const far = networks.endpointsOf('c')[0]?.ipv6?.address ?? ''
    assert.match(far, /^fd/)
    assert.equal(await ping('a', far, 1), false)
    await join('d', 'bridge')
    assert.deepEqual(await ipv6Of('d'), ['lo ::1/128'])
    await networks.connect('d', 'seven', {})
    assert.equal(await ping('d', far), true)
    await assert.rejects(networks.connect('d', 'six', { ipv6: 'fd00:9::77' }), { kind: 'forbidden' })
    await networks.disconnect('d', 'bridge')
    await networks.connect('d', 'bridge', {})
    await assert.rejects(networks.create({ name: 'eight', ipv6: { subnet: 'fd00:9::/48' } }), { kind: 'forbidden' })
  })

  it('leave nothing behind when the host refuses to make one, and say so of one that it cannot make again', async () => {
    await assert.rejects(networks.create({ name: 'odd', options: { 'com.docker.network.bridge.name': '..' } }))
    assert.equal(networks.find('odd'), undefined)
    const small = { 'com.docker.network.driver.mtu': '1200' }
    await assert.rejects(networks.create({ name: 'small', ipv6: {}, options: small }), { kind: 'invalid' })
    const { id } = await networks.create({ name: 'six', ipv6: {} })
    const { value } = (await store.list('/networks/')).entries.find(({ key }) => key.endsWith(id)) ?? assert.fail()
    const harmed = { ...(JSON.parse(value) as object), options: small, bridge: 'gytestharmed' }
    await store.txn({ then: [{ put: `/networks/${id}`, value: JSON.stringify(harmed) }] })
    const warnings: string[] = []
    await restart(new FakeClock(), { ...quiet, warn: (text: string) => warnings.push(text) })
    assert.deepEqual(warnings, ['a network cannot be brought up'])
  })

  it('lead IPv6 outside by the first network that has it, and by another one when that is left', async () => {
    const [six, seven] = [await networks.create({ name: 'six', ipv6: {} }), await networks.create({ name: 'seven', ipv6: {} })]
    await networks.create({ name: 'inside', internal: true, ipv6: {} })
    await join('a', 'inside', 'bridge', 'six', 'seven')
    const route = async (): Promise<string> =>
      (await run('nsenter', [`--net=${namespace('a')}`, 'ip', '-6', 'route', 'show', 'default'])).stdout
    assert.match(await route(), new RegExp(`^default via ${six.ipv6?.gateway} dev eth2 [^\\n]*\\n$`))
    await networks.disconnect('a', 'six')
    assert.match(await route(), new RegExp(`^default via ${seven.ipv6?.gateway} dev eth3 [^\\n]*\\n$`))
    await networks.disconnect('a', 'seven')
    assert.equal(await route(), '')
  })

  it("reach other machines with the host's address, and are reached by them through published ports alone", async () => {
    await networks.create({ name: 'six', ipv6: {} })
    await connectOutside()
    await join('a', 'six')
    await using _outside = await serve('outside', 80, '::')
    await using _server = await serve('a', 80, '::')
    assert.equal(await ask('198.51.100.2', 80, 'a'), '::ffff:198.51.100.1')
    assert.equal(await ask('fd00:77::2', 80, 'a'), 'fd00:77::1')
    const [endpoint] = networks.endpointsOf('a')
    for (const address of [endpoint?.ipAddress, endpoint?.ipv6?.address]) assert.equal(await isSilent(address ?? '', 80, 'outside'), true)
    const everywhere = ['0.0.0.0', '::'].map((hostIp) => ({ hostIp, hostPort: 8092, containerPort: 80, protocol: 'tcp' as const }))
    await networks.publish('a', endpoint?.ipAddress ?? '', everywhere)
    assert.equal(await ask('198.51.100.1', 8092, 'outside'), '::ffff:198.51.100.2')
    assert.equal(await ask('fd00:77::1', 8092, 'outside'), 'fd00:77::2')
  })

  it("without IPv4 reach other machines with the host's address, and are reached through published ports alone", async () => {
    await connectOutside()
    await networks.create({ name: 'six', ipv4: false, ipv6: {} })
    assert.deepEqual(await join('a', 'six'), [''])
    const [endpoint] = networks.endpointsOf('a')
    const address = endpoint?.ipv6?.address ?? ''
    await using _there = await serve('outside', 80, '::')
    assert.equal(await ask('fd00:77::2', 80, 'a'), 'fd00:77::1')
    await using _here = await serve('a', 80, '::')
    assert.equal(await isSilent(address, 80, 'outside'), true)
    const wanted = { hostIp: '', hostPort: 8086, containerPort: 80, protocol: 'tcp' } as const
    await networks.publish('a', address, [wanted])
    assert.match(await ask('fd00:77::1', 8086, 'outside'), /^fd00:77::2$/)
  })

  it("publish a port on the host's IPv6 addresses, to other networks and back to the container itself", async () => {
    const [six, seven] = [await networks.create({ name: 'six', ipv6: {} }), await networks.create({ name: 'seven', ipv6: {} })]
    const [address = ''] = await join('web', 'six')
    await join('client', 'seven')
    await using _server = await serve('web', 80, '::')
    const [own = '', other = ''] = [six.ipv6?.gateway, seven.ipv6?.gateway]
    await networks.publish('web', address, [
      { hostIp: '::', hostPort: 8090, containerPort: 80, protocol: 'tcp' },
      { hostIp: own, hostPort: 8091, containerPort: 80, protocol: 'tcp' },
    ])
    assert.equal(await ask(other, 8090), other)
    assert.equal(await ask(other, 8090, 'client'), networks.endpointsOf('client')[0]?.ipv6?.address)
    assert.equal(await ask(own, 8090, 'web'), own)
    assert.notEqual(await ask(own, 8091), '')
    assert.equal(await isSilent(other, 8091), true)
    await run('nft', ['delete', 'table', 'ip6', 'galley_test'])
    assert.equal(await isSilent(other, 8090), true)
    networks.repair()
    assert.equal(await ask(other, 8090), other)
    await networks.unpublish('web')
    assert.equal(await isSilent(other, 8090), true)
  })

  it('refuse a taken port and name who holds it', async () => {
    const [first = ''] = await join('first0000000', 'bridge')
    const [second = ''] = await join('second000000', 'bridge')
    const wanted = [{ hostIp: '0.0.0.0', hostPort: 8081, containerPort: 80, protocol: 'tcp' as const }]
    await networks.publish('first0000000', first, wanted)
    await assert.rejects(
      networks.publish('second000000', second, wanted),
      /failed to set up container networking: driver failed .*: Bind for 0\.0\.0\.0:8081 failed: port is already allocated.*container first0000000/,
    )
    const server = createServer().listen(8082, '127.0.0.1')
    await once(server, 'listening')
    await assert.rejects(
      networks.publish('second000000', second, [{ hostIp: '0.0.0.0', hostPort: 8082, containerPort: 80, protocol: 'tcp' }]),
      new RegExp(`process ${process.pid},`),
    )
    server.close()
    await once(server, 'close')
    await networks.publish('second000000', second, [{ hostIp: '0.0.0.0', hostPort: 8082, containerPort: 80, protocol: 'tcp' }])
  })

  it('connect and disconnect a running container, and lead outside by what is left', async () => {
    await networks.create({ name: 'other' })
    await join('a', 'bridge', 'other')
    const [peer = ''] = await join('b', 'other')
    const routes = async (): Promise<string> => (await run('nsenter', [`--net=${namespace('a')}`, 'ip', 'route', 'show', 'default'])).stdout
    assert.match(await routes(), new RegExp(`via ${networks.get('bridge').gateway} dev eth0`))
    await networks.disconnect('a', 'bridge')
    assert.match(await routes(), new RegExp(`via ${networks.get('other').gateway} dev eth1`))
    assert.equal(await ping('a', peer), true)
    await assert.rejects(networks.disconnect('a', 'bridge'), { kind: 'forbidden' })
    await assert.rejects(networks.connect('a', 'other', {}), { kind: 'forbidden' })
    await networks.connect('a', 'bridge', {})
    assert.equal(await ping('a', networks.get('bridge').gateway), true)
  })

  it('keep an internal network inside, ports too', async () => {
    await networks.create({ name: 'inside', internal: true })
    const [address = ''] = await join('a', 'inside')
    const [peer = ''] = await join('b', 'inside')
    assert.equal(await ping('a', peer), true)
    assert.equal((await run('nsenter', [`--net=${namespace('a')}`, 'ip', 'route', 'show', 'default'])).stdout, '')
    assert.deepEqual(await networks.publish('a', address, [{ hostIp: '0.0.0.0', hostPort: 8083, containerPort: 80, protocol: 'tcp' }]), [])
  })

  it('give fixed addresses on networks with a chosen subnet only, each once', async () => {
    await networks.create({ name: 'fixed', subnet: '10.9.0.0/24', ipRange: '10.9.0.128/30', gateway: '10.9.0.254' })
    await join('a')
    const endpoint = await networks.connect('a', 'fixed', { ipv4: '10.9.0.7', macAddress: '02:42:0a:09:00:99' })
    assert.deepEqual([endpoint.ipAddress, endpoint.gateway, endpoint.macAddress], ['10.9.0.7', '10.9.0.254', '02:42:0a:09:00:99'])
    assert.deepEqual(await join('b', 'fixed'), ['10.9.0.128'])
    await join('c')
    await assert.rejects(networks.connect('c', 'fixed', { ipv4: '10.9.0.7' }), { kind: 'forbidden', message: 'Address already in use' })
    await assert.rejects(networks.connect('c', 'fixed', { ipv4: '10.8.0.7' }), { kind: 'invalid' })
    await assert.rejects(networks.connect('c', 'bridge', { ipv4: '172.30.0.9' }), { kind: 'invalid' })
    await assert.rejects(networks.create({ name: 'again', subnet: '10.9.0.0/16' }), { kind: 'forbidden' })
  })

  it("make a way through another firewall for a bridge of the user's naming while it is there", async () => {
    const options = { 'com.docker.network.bridge.name': 'mybridge' }
    const forward = async (): Promise<string> => (await run('iptables-nft', ['-S', 'FORWARD'])).stdout
    assert.equal((await run('iptables-nft', ['-P', 'FORWARD', 'DROP'])).code, 0)
    await networks.create({ name: 'mine', options })
    assert.match(await forward(), /-i mybridge .*galley:test.* ACCEPT/)
    await assert.rejects(networks.create({ name: 'too', options }), { kind: 'forbidden', message: /networks have same bridge name/ })
    const loopback = { 'com.docker.network.bridge.name': 'lo' }
    await assert.rejects(networks.create({ name: 'taken', options: loopback }), {
      kind: 'invalid',
      message: 'existing interface lo is not a bridge',
    })
    await networks.remove('mine')
    assert.doesNotMatch(await forward(), /mybridge/)
    assert.match(await forward(), /-i gytest\+/)
    await run('nft', ['delete', 'table', 'ip', 'filter'])
  })

  it('use a bridge of the host, which stays when they go', async () => {
    const { code } = await run('sh', ['-c', 'ip link add hostbr type bridge && ip address add 10.9.0.1/24 dev hostbr'])
    assert.equal(code, 0)
    const options = { 'com.docker.network.bridge.name': 'hostbr' }
    await networks.create({ name: 'mine', subnet: '10.9.0.0/24', ipv6: { subnet: 'fd00:9::/64' }, options })
    await restart()
    await join('a', 'mine')
    await join('b', 'mine')
    const addresses = networks.endpointsOf('b').flatMap(({ ipAddress, ipv6 }) => [ipAddress, ipv6?.address ?? ''])
    for (const each of ['10.9.0.1', 'fd00:9::1', ...addresses]) assert.equal(await ping('a', each), true, each)
    await networks.destroySandbox('a')
    await networks.destroySandbox('b')
    await networks.remove('mine')
    assert.match((await run('ip', ['-o', 'address', 'show', 'dev', 'hostbr'])).stdout, /inet 10\.9\.0\.1\/24/)
    await dismantle('test')
    assert.notEqual(linkIndex('hostbr'), undefined)
    await run('ip', ['link', 'delete', 'hostbr'])
  })

  it('keep a namespace that was left for a moment, but not when another container gets one of its addresses', async () => {
    await networks.create({ name: 'net1', subnet: '10.219.7.0/24' })
    const joinAs = async (container: string, ipv4: string): Promise<void> => {
      await networks.createSandbox(container)
      await networks.connect(container, 'net1', { ipv4 })
    }
    await joinAs('a', '10.219.7.7')
    await joinAs('b', '10.219.7.8')
    // The end of a container is one time, its removal another.
    for (const container of ['a', 'b', 'a', 'b']) await networks.destroySandbox(container)
    assert.deepEqual(readdirSync(`${directory}/netns`), ['a', 'b'])
    await joinAs('c', '10.219.7.7')
    assert.deepEqual(readdirSync(`${directory}/netns`), ['b', 'c'])
    await joinAs('b', '10.219.7.9')
    networks[Symbol.dispose]()
    assert.deepEqual(readdirSync(`${directory}/netns`), ['b', 'c'])
  })

  it('are found by name and by the start of an id, and removed when nobody is on them', async () => {
    const network = await networks.create({ name: 'net1', labels: { a: 'b' } })
    assert.equal(networks.get(network.id.slice(0, 10)).name, 'net1')
    await assert.rejects(networks.create({ name: 'net1' }), { kind: 'already exists', message: 'network with name net1 already exists' })
    await join('a', 'net1')
    await assert.rejects(networks.remove('net1'), { kind: 'forbidden', message: /has active endpoints/ })
    await assert.rejects(networks.remove('bridge'), { kind: 'forbidden' })
    await networks.destroySandbox('a')
    assert.deepEqual(
      (await networks.prune()).map(({ name }) => name),
      ['net1'],
    )
    assert.throws(
      () => networks.get('net1'),
      (error) => error instanceof GalleyError && error.kind === 'not found',
    )
  })

  it('are pruned but for those that a container joins, or is made for, meanwhile', async () => {
    for (const name of ['one', 'two', 'three', 'four']) await networks.create({ name })
    await networks.createSandbox('a')
    const configured = new Set<string>()
    const pruned = networks.prune(undefined, ({ name }) => configured.has(name))
    configured.add('three')
    await networks.connect('a', 'two', {})
    assert.deepEqual(
      (await pruned).map(({ name }) => name),
      ['one', 'four'],
    )
  })

  it('give nobody a place on one that is being removed', async () => {
    await networks.create({ name: 'app' })
    await networks.createSandbox('a')
    const removed = networks.remove('app')
    await Promise.resolve()
    await assert.rejects(networks.connect('a', 'app', {}), { kind: 'not found' })
    await removed
    assert.deepEqual(networks.endpointsOf('a'), [])
  })

  it('leave published ports open when the daemon starts again, and repair flushed rules', async () => {
    const [address = ''] = await join('web', 'bridge')
    await using _server = await serve('web', 80)
    const ports = await networks.publish('web', address, [{ hostIp: '0.0.0.0', hostPort: 8084, containerPort: 80, protocol: 'tcp' }])
    const endpoints = networks.endpointsOf('web')
    await restart()
    assert.notEqual(await ask('127.0.0.1', 8084), '')
    networks.restore('web', { endpoints, ports, servers: [], ndots: false })
    assert.notEqual(await ask('127.0.0.1', 8084), '')
    await run('nft', ['flush', 'ruleset'])
    assert.equal(await isSilent('127.0.0.1', 8084), true)
    networks.repair()
    assert.notEqual(await ask('127.0.0.1', 8084), '')
  })

  it('notice that somebody took the rules away, and put them back', async () => {
    let repairs = 0
    await restart(systemClock, { ...quiet, warn: () => repairs++ })
    using _watching = networks.watch()
    const [address = ''] = await join('web', 'bridge')
    await using _server = await serve('web', 80)
    await networks.publish('web', address, [{ hostIp: '0.0.0.0', hostPort: 8085, containerPort: 80, protocol: 'tcp' }])
    await networks.create({ name: 'six', ipv6: {} })
    await run('nft', ['add', 'table', 'ip', 'others'])
    for (const harm of [
      ['flush', 'ruleset'],
      ['flush', 'chain', 'ip', 'galley_test', 'published'],
      ['delete', 'table', 'ip', 'galley_test'],
      ['delete', 'table', 'ip6', 'galley_test'],
      ['delete', 'element', 'ip', 'galley_test', 'ports', '{ tcp . 8085 }'],
      ['flush', 'map', 'ip', 'galley_test', 'ports'],
    ]) {
      const before = repairs
      assert.equal((await run('nft', harm)).code, 0)
      for (let attempt = 0; attempt < 3000 && repairs === before; attempt++) await sleep(systemClock, 20)
      assert.notEqual(await ask('127.0.0.1', 8085), '', harm.join(' '))
    }
    // What Galley takes away itself is no harm.
    await networks.unpublish('web')
    await sleep(systemClock, 200)
    assert.equal(repairs, 6)
  })
})
