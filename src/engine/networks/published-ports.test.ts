import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PublishedPort } from '#engine/containers/model.ts'
import { PublishedPorts, type PublishedPortsOptions } from './published-ports.ts'

test('ports are free again also when the keeper dies while it is told to give them back', async () => {
  const reserved = new Set<string>()
  let lives = true
  const options = {
    rules: { publish: () => undefined, unpublish: () => undefined },
    reservations: {
      reserve: (container: string, wanted: readonly PublishedPort[]) => (reserved.add(container), wanted),
      release: (container: string) => reserved.delete(container),
    },
    keeper: {
      hold: async () => {
        if (!lives) throw new Error('the keeper died')
      },
    },
    change: (apply: () => void) => apply(),
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
  } as unknown as PublishedPortsOptions
  const ports = new PublishedPorts(options)
  const wanted = [{ hostIp: '127.0.0.1', hostPort: 8080, containerPort: 80, protocol: 'tcp' as const }]
  await ports.publish('one', { address: '10.0.0.2' }, wanted)
  lives = false
  await assert.rejects(ports.unpublish('one'), /keeper died/)
  assert.equal(reserved.has('one'), false)
  await assert.rejects(ports.publish('two', { address: '10.0.0.3' }, wanted), /keeper died/)
  assert.equal(reserved.has('two'), false)
})
