import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PublishedPort } from '#engine/containers/model.ts'
import type { PortsOfContainer } from '#keeper/ports/held-ports.ts'
import { PublishedPorts, type PublishedPortsOptions } from './published-ports.ts'

const wanted = [{ hostIp: '127.0.0.1', hostPort: 8080, containerPort: 80, protocol: 'tcp' as const }]

/** Published ports whose keeper and rules fail when they are told to. */
function bench() {
  const reserved = new Set<string>()
  const held = new Map<string, number>()
  const world = { keeperLives: true, rulesChange: true }
  const options = {
    rules: { publish: () => undefined, unpublish: () => undefined, lead: () => undefined },
    reservations: {
      reserve: (container: string, ports: readonly PublishedPort[]) => (reserved.add(container), ports),
      hold: (container: string) => reserved.add(container),
      release: (container: string) => reserved.delete(container),
    },
    keeper: {
      hold: async ({ container, ports }: PortsOfContainer) => {
        if (!world.keeperLives) throw new Error('the keeper died')
        held.set(container, ports.length)
      },
    },
    change: (apply: () => void) => {
      if (!world.rulesChange) throw new Error('no memory for rules')
      apply()
    },
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
  } as unknown as PublishedPortsOptions
  return { ports: new PublishedPorts(options), reserved, held, world }
}

test('ports are free again also when the keeper dies while it is told to give them back, or the rules can not be changed', async () => {
  const { ports, reserved, world } = bench()
  await ports.publish('one', { address: '10.0.0.2' }, wanted)
  world.keeperLives = false
  await assert.rejects(ports.unpublish('one'), /keeper died/)
  assert.equal(reserved.has('one'), false)
  await assert.rejects(ports.publish('two', { address: '10.0.0.3' }, wanted), /keeper died/)
  assert.equal(reserved.has('two'), false)
  world.keeperLives = true
  await ports.publish('three', { address: '10.0.0.4' }, wanted)
  world.rulesChange = false
  await assert.rejects(ports.unpublish('three'), /no memory/)
  assert.equal(reserved.has('three'), false)
})

test('a hand-over whose rules can not be changed leaves the ports with the old one', async () => {
  const { ports, held, world } = bench()
  await ports.publish('old', { address: '10.0.0.2' }, wanted)
  world.rulesChange = false
  await assert.rejects(ports.handOver('old', 'next', { target: { address: '10.0.0.3' }, wanted }), /no memory/)
  assert.deepEqual([ports.addressOf('old'), ports.addressOf('next'), held.get('old')], ['10.0.0.2', undefined, 1])
})
