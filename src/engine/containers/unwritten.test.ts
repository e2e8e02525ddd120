import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GalleyError } from '#base/error.ts'
import { FakeClock } from '#base/fake-clock.ts'
import { EventBus } from '#engine/events/bus.ts'
import { openMemoryStore } from '#store/memory/open.ts'
import { ContainerIndex } from './container-index.ts'
import { completeHostConfig } from './defaults.ts'
import type { Engine } from './engine.ts'
import { exchangeNames, handOver, withdraw } from './hand-over.ts'
import type { Container, PublishedPort } from './model.ts'
import { rename } from './rename.ts'
import { update } from './update.ts'

/** Changes that a full disk does not take: nothing of them is in force then. */
interface Bench {
  readonly engine: Engine
  readonly one: Container
  readonly other: Container
  /** Container that publishes, as the networks have it. */
  readonly publisher: () => string
}

const port: PublishedPort = { containerPort: 80, hostPort: 8080, hostIp: '', protocol: 'tcp' }

async function onFullDisk(): Promise<Bench> {
  const store = openMemoryStore()
  const containers = new ContainerIndex(store)
  const named = (id: string, more: Partial<Container>): Container =>
    ({
      id,
      name: `n${id}`,
      config: { Image: 'box', ExposedPorts: {} },
      hostConfig: completeHostConfig({}),
      endpoints: {},
      addresses: [{ networkId: 'n', ipAddress: `10.0.0.${id}`, gateway: '10.0.0.1' }],
      state: { status: 'running', pid: 0 },
      ports: [],
      ...more,
    }) as unknown as Container
  const [one, other] = [named('1', { ports: [port] }), named('2', { understudy: true })]
  await containers.save(one, other)
  store.txn = () => Promise.reject(new GalleyError('unavailable', 'the disk is full', { code: 'disk.full' }))
  let publisher = '1'
  const networks = {
    rename: () => [],
    handOver: (_old: string, next: string, { wanted }: { wanted: readonly PublishedPort[] }) => {
      publisher = next
      return Promise.resolve(wanted)
    },
  }
  const log = { warn: () => undefined }
  const engine = { containers, networks, log, events: new EventBus(new FakeClock()) } as unknown as Engine
  return { engine, one, other, publisher: () => publisher }
}

const full = { code: 'disk.full' }

test('a container that can not be renamed keeps its name alone', async () => {
  const { engine, one } = await onFullDisk()
  await assert.rejects(rename(engine, '1', 'renamed'), full)
  assert.equal(one.name, 'n1')
  assert.equal(engine.containers.get('n1'), one)
  assert.throws(() => engine.containers.get('renamed'), { kind: 'not found' })
})

test('a container that can not be updated keeps its limits', async () => {
  const { engine, one } = await onFullDisk()
  await assert.rejects(update(engine, '1', { PidsLimit: 5 }), full)
  assert.deepEqual(one.hostConfig, completeHostConfig({}))
})

test('two that can not be exchanged keep their names, ports and places', async () => {
  const { engine, one, other, publisher } = await onFullDisk()
  await assert.rejects(exchangeNames(engine, '1', '2'), full)
  assert.deepEqual([one.name, other.name], ['n1', 'n2'])
  await assert.rejects(withdraw(engine, '1'), full)
  assert.notEqual(one.understudy, true)
  await assert.rejects(handOver(engine, '1', '2'), full)
  assert.deepEqual([one.name, other.name, publisher()], ['n1', 'n2', '1'])
  assert.deepEqual([one.understudy, other.understudy], [false, true])
  assert.deepEqual([one.ports, other.ports], [[port], []])
})
