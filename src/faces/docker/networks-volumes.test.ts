import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { systemClock } from '#base/clock.ts'
import type { Network } from '#engine/networks/model.ts'
import { dismantle } from '#engine/networks/dismantle.ts'
import { Networks } from '#engine/networks/networks.ts'
import { Volumes } from '#engine/volumes/volumes.ts'
import { CLONE, unshare } from '#host/kernel/namespace.ts'
import { openMemoryStore } from '#store/memory/open.ts'
import { networkRoutes } from './networks.ts'
import { serveDocker } from './server.ts'
import { volumeRoutes } from './volumes.ts'

// Bridges and rules of these tests are made in a network of their own.
unshare(CLONE.NEWNET)

const silent = (): void => undefined
const log = { info: silent, warn: silent, error: silent }

/** An answer's JSON, of whatever shape: what is not there fails the comparison. */
type Body = { readonly [field: string]: Body } & {
  readonly Name: string
  readonly Id: string
  readonly Mountpoint: string
  map<T>(task: (item: Body) => T): T[]
}

interface Answer {
  readonly status: number
  readonly body: Body
}

interface World extends AsyncDisposable {
  readonly directory: string
  readonly networks: Networks
  readonly volumes: Volumes
  readonly events: string[]
  readonly inUse: Set<string>
  ask(method: string, path: string, body?: object): Promise<Answer>
}

async function setUp(): Promise<World> {
  const directory = mkdtempSync(`${tmpdir()}/galley-faces-`)
  mkdirSync(`${directory}/netns`)
  const [store, events, inUse] = [openMemoryStore(), [] as string[], new Set<string>()]
  const onEvent = (action: string, id: string): void => void events.push(`${action} ${id.length === 64 ? 'network' : id}`)
  const networks = new Networks({
    store,
    runDirectory: directory,
    instance: 'face',
    pool: '172.30.0.0/20',
    clock: systemClock,
    log,
    onEvent,
  })
  await networks.start()
  const volumes = new Volumes({
    store,
    directory: `${directory}/volumes`,
    clock: systemClock,
    usedBy: (name) => (inUse.has(name) ? ['c1'] : []),
    onEvent,
  })
  const attachments = {
    connect: async (container: string, { name }: Network) => void (await networks.connect(container, name, {})),
    disconnect: (container: string, { name }: Network) => networks.disconnect(container, name),
    forget: () => Promise.reject(new Error('no container here outlives its network')),
    nameOf: (container: string) => `name-of-${container}`,
    uses: () => false,
  }
  const server = serveDocker(createServer(), { ...networkRoutes(networks, attachments), ...volumeRoutes(volumes) }, log)
  await once(server.listen(`${directory}/socket`), 'listening')
  return {
    directory,
    networks,
    volumes,
    events,
    inUse,
    ask: (method, path, body) => ask(`${directory}/socket`, { method, path, body }),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      for (const container of readdirSync(`${directory}/netns`)) await networks.destroySandbox(container)
      networks[Symbol.dispose]()
      await dismantle('face')
      await store[Symbol.asyncDispose]()
      rmSync(directory, { recursive: true })
    },
  }
}

async function ask(
  socketPath: string,
  { method, path, body }: { method: string; path: string; body: object | undefined },
): Promise<Answer> {
  const sent = request({ socketPath, method, path: `/v1.51${path}` })
  sent.end(body === undefined ? undefined : JSON.stringify(body))
  const [response] = await once(sent, 'response')
  let text = ''
  for await (const chunk of response) text += chunk
  return { status: response.statusCode, body: (text === '' ? {} : JSON.parse(text)) as Body }
}

test('networks are created, inspected, filtered, joined, left and pruned', async () => {
  await using world = await setUp()
  const created = await world.ask('POST', '/networks/create', {
    Name: 'net1',
    Labels: { a: 'b' },
    IPAM: { Config: [{ Subnet: '10.9.0.0/24' }] },
  })
  assert.equal(created.status, 201)
  const { body } = await world.ask('GET', `/networks/${created.body.Id.slice(0, 8)}`)
  assert.deepEqual(
    [body.Name, body['Driver'], body['Labels'], body['IPAM']?.['Config'], body['Containers']],
    ['net1', 'bridge', { a: 'b' }, [{ Subnet: '10.9.0.0/24', Gateway: '10.9.0.1' }], {}],
  )
  const listed = await world.ask('GET', `/networks?filters=${encodeURIComponent('{"label":{"a=b":true}}')}`)
  assert.deepEqual(
    listed.body.map(({ Name }) => Name),
    ['net1'],
  )
  await world.networks.createSandbox('c1')
  assert.equal((await world.ask('POST', '/networks/net1/connect', { Container: 'c1' })).status, 200)
  const joined = (await world.ask('GET', '/networks/net1')).body['Containers']?.['c1']
  assert.deepEqual([joined?.Name, joined?.['IPv4Address']], ['name-of-c1', '10.9.0.2/24'])
  assert.equal((await world.ask('DELETE', '/networks/net1')).status, 403)
  assert.deepEqual((await world.ask('POST', '/networks/prune')).body, { NetworksDeleted: [] })
  assert.equal((await world.ask('POST', '/networks/net1/disconnect', { Container: 'c1' })).status, 200)
  assert.deepEqual((await world.ask('POST', '/networks/prune')).body, { NetworksDeleted: ['net1'] })
  assert.deepEqual(world.events, ['create network', 'connect network', 'disconnect network', 'destroy network'])
})

test('subnets that are none, or have bits of a host, are refused as Docker does', async () => {
  await using world = await setUp()
  for (const [Subnet, why] of [
    ['bad', 'invalid subnet bad: invalid CIDR block notation'],
    ['10.9.0.0/64', 'invalid subnet 10.9.0.0/64: invalid CIDR block notation'],
    ['10.9.0.5/24', 'invalid subnet 10.9.0.5/24: it should be 10.9.0.0/24'],
  ]) {
    const { status, body } = await world.ask('POST', '/networks/create', { Name: 'net1', IPAM: { Config: [{ Subnet }] } })
    assert.deepEqual([status, body], [400, { message: `invalid network config:\n${why}` }])
  }
})

test('fields of networks and volumes are taken in any case, and of a wrong type refused by name', async () => {
  await using world = await setUp()
  const wrong = (field: string, what: string, type: string): object => ({
    status: 400,
    body: { message: `invalid JSON: json: cannot unmarshal ${what} into Go struct field ${field} of type ${type}` },
  })
  // As the package dockerode-compose sends it.
  const one = { Name: 'net1', IPAM: { Config: { Subnet: '10.9.0.0/24' } } }
  assert.deepEqual(await world.ask('POST', '/networks/create', one), wrong('IPAM.Config', 'object', 'slice'))
  assert.deepEqual(await world.ask('POST', '/networks/create', { Name: 'net1', Internal: 'yes' }), wrong('Internal', 'string', 'bool'))
  assert.deepEqual(await world.ask('POST', '/volumes/create', { Name: 5 }), wrong('Name', 'number', 'string'))
  assert.equal((await world.ask('POST', '/networks/create', { name: 'small', internal: true })).status, 201)
  assert.equal((await world.ask('GET', '/networks/small')).body['Internal'], true)
})

test('null is the default wherever a new network or volume may have something', async () => {
  await using world = await setUp()
  // As Ansible's docker_network sends it.
  const IPAM = { Driver: null, Options: null, Config: [{ Subnet: '10.9.0.0/24', IPRange: null, Gateway: null, AuxiliaryAddresses: null }] }
  const asked = { Name: 'net1', Driver: 'bridge', Options: null, Internal: null, Labels: { empty: null }, IPAM }
  assert.equal((await world.ask('POST', '/networks/create', asked)).status, 201)
  const { body } = await world.ask('GET', '/networks/net1')
  assert.deepEqual(
    [body['IPAM'], body['Labels']],
    [{ Driver: 'default', Options: null, Config: [{ Subnet: '10.9.0.0/24', Gateway: '10.9.0.1' }] }, { empty: '' }],
  )
  assert.equal((await world.ask('POST', '/volumes/create', { Name: 'v', DriverOpts: null, Labels: { empty: null } })).status, 201)
})

test('a network has a subnet of each family that it asks for', async () => {
  await using world = await setUp()
  const Config = [{ Subnet: 'fd00:9::/64', Gateway: 'fd00:9::9' }, { Subnet: '10.9.0.0/24' }]
  await world.ask('POST', '/networks/create', { Name: 'both', EnableIPv6: true, IPAM: { Config } })
  const both = (await world.ask('GET', '/networks/both')).body
  assert.equal(both['EnableIPv6'], true)
  assert.deepEqual(both['IPAM']?.['Config'], [{ Subnet: '10.9.0.0/24', Gateway: '10.9.0.1' }, Config[0]])
  await world.ask('POST', '/networks/create', { Name: 'chosen', EnableIPv6: true })
  const chosen = (await world.ask('GET', '/networks/chosen')).body['IPAM']?.['Config']
  assert.match(JSON.stringify(chosen), /"Subnet":"172\.30\.\d\.0\/24".*"Subnet":"fd[0-9a-f:]+::\/64"/)
  const twice = [{ Subnet: '10.8.0.0/24' }, { Subnet: '10.7.0.0/24' }]
  assert.deepEqual(await world.ask('POST', '/networks/create', { Name: 'twice', IPAM: { Config: twice } }), {
    status: 403,
    body: { message: "bridge driver doesn't support multiple subnets" },
  })
})

test('networks answer what they cannot do in the words of Docker', async () => {
  await using world = await setUp()
  const { ask: say } = world
  assert.deepEqual(await say('GET', '/networks/nope'), { status: 404, body: { message: 'network nope not found' } })
  assert.deepEqual(await say('DELETE', '/networks/bridge'), {
    status: 403,
    body: { message: 'bridge is a pre-defined network and cannot be removed' },
  })
  await say('POST', '/networks/create', { Name: 'net1' })
  assert.deepEqual(await say('POST', '/networks/create', { Name: 'net1' }), {
    status: 409,
    body: { message: 'network with name net1 already exists' },
  })
  assert.deepEqual(await say('POST', '/networks/create', { Name: 'v6', EnableIPv4: false }), {
    status: 400,
    body: { message: 'IPv4 or IPv6 must be enabled' },
  })
  const IPAM = { Config: [{ Subnet: 'fd00:9::/64' }] }
  assert.equal((await say('POST', '/networks/create', { Name: 'v6', IPAM })).status, 400)
  assert.equal((await say('POST', '/networks/create', { Name: 'lan', Driver: 'macvlan' })).status, 501)
  assert.equal((await say('POST', '/networks/create', { Name: 'odd', Driver: 'odd' })).status, 404)
  assert.equal((await say('GET', `/networks?filters=${encodeURIComponent('{"odd":["x"]}')}`)).status, 400)
})

test("volumes are created once, filtered, kept while in use, and pruned by Docker's rules", async () => {
  await using world = await setUp()
  const { ask: say } = world
  const named = await say('POST', '/volumes/create', { Name: 'data', Labels: { a: 'b' } })
  assert.equal(named.status, 201)
  writeFileSync(`${named.body.Mountpoint}/file`, '12345')
  assert.deepEqual((await say('POST', '/volumes/create', { Name: 'data' })).body, named.body)
  const anonymous = (await say('POST', '/volumes/create', {})).body
  assert.equal(anonymous['Labels']?.['com.docker.volume.anonymous'], '')
  world.inUse.add('data')
  assert.deepEqual(await say('DELETE', '/volumes/data'), { status: 409, body: { message: 'remove data: volume is in use - [c1]' } })
  const dangling = await say('GET', `/volumes?filters=${encodeURIComponent('{"dangling":["true"]}')}`)
  assert.deepEqual(
    dangling.body['Volumes']?.map(({ Name }) => Name),
    [anonymous.Name],
  )
  world.inUse.clear()
  assert.deepEqual((await say('POST', '/volumes/prune')).body, { VolumesDeleted: [anonymous.Name], SpaceReclaimed: 0 })
  assert.deepEqual((await say('POST', `/volumes/prune?filters=${encodeURIComponent('{"all":["1"]}')}`)).body, {
    VolumesDeleted: ['data'],
    SpaceReclaimed: 5,
  })
  assert.equal(existsSync(named.body.Mountpoint), false)
  assert.deepEqual(await say('GET', '/volumes/data'), { status: 404, body: { message: 'get data: no such volume' } })
  assert.equal((await say('DELETE', '/volumes/data?force=1')).status, 204)
})

test('a volume that a container gets while others are pruned stays, and the others go', async () => {
  await using world = await setUp()
  for (const Name of ['first', 'second', 'third']) await world.ask('POST', '/volumes/create', { Name })
  world.inUse.has = (name) => name === 'second' && world.events.includes('destroy first')
  const { status, body } = await world.ask('POST', `/volumes/prune?filters=${encodeURIComponent('{"all":["true"]}')}`)
  assert.deepEqual([status, body['VolumesDeleted']], [200, ['first', 'third']])
})

test('whoever asks for a volume while it is being removed gets a new one', async () => {
  await using world = await setUp()
  const { volumes } = world
  const { name } = await volumes.create({ name: 'data' })
  writeFileSync(`${volumes.mountpoint(name)}/old`, '')
  const [, , again] = await Promise.all([volumes.remove(name), assert.rejects(volumes.remove(name)), volumes.ensure(name)])
  assert.deepEqual(readdirSync(again.path), [])
  assert.equal(volumes.get(name).name, name)
  assert.deepEqual(world.events, ['create data', 'destroy data', 'create data'])
})

test('volumes bind a directory of the host and refuse other options by name', async () => {
  await using world = await setUp()
  const bound = { type: 'none', o: 'bind', device: world.directory }
  assert.deepEqual((await world.ask('POST', '/volumes/create', { Name: 'bound', DriverOpts: bound })).body['Options'], bound)
  assert.equal((await world.ask('POST', '/volumes/create', { Name: 'ram', DriverOpts: { type: 'tmpfs' } })).status, 400)
  assert.equal((await world.ask('POST', '/volumes/create', { Name: 'odd', DriverOpts: { odd: 'x' } })).status, 400)
  assert.equal((await world.ask('POST', '/volumes/create', { Name: '../x' })).status, 400)
})
