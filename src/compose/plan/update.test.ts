import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Mount, Service } from '#compose/model/model.ts'
import { at, service as plain } from '#compose/model/service.fixture.ts'
import type { ObservedContainer } from './step.ts'
import { updateOf } from './update.ts'

const service = plain('web', { ports: [{ target: 80, published: 8080, hostIp: '', protocol: 'tcp', at }] })
const old: ObservedContainer = {
  id: 'a'.repeat(64),
  name: 'p-web-1',
  service: 'web',
  number: 1,
  configHash: '',
  image: '',
  reference: '',
  running: true,
  dependsOn: [],
  oneOff: false,
  understudy: false,
  checked: false,
  listens: [80],
  anonymousVolumes: [],
  mountedImages: {},
  declared: undefined,
  published: [{ hostIp: '0.0.0.0', hostPort: 8080 }],
}

function mount(more: Partial<Mount>): Service {
  return { ...service, mounts: [{ type: 'volume', source: 'data', target: '/data', readOnly: false, createSource: true, at, ...more }] }
}

function whyNot(one: Service, container: Partial<ObservedContainer> = {}): string {
  const { order, note } = updateOf(one, { ...old, ...container })
  assert.equal(order, note === '' ? 'start-first' : 'stop-first')
  return /^web stops before its next version starts: (.*?)\. /.exec(note)?.[1] ?? note
}

test('two of a service run at once only where nothing is shared and something tells that it is ready', () => {
  assert.equal(whyNot(service), '')
  assert.equal(whyNot(mount({ readOnly: true })), '')
  assert.equal(whyNot(mount({ type: 'tmpfs', source: '' })), '')
  assert.equal(whyNot(mount({})), 'writes to the volume data')
  assert.equal(whyNot(mount({ type: 'bind', source: '/srv' })), 'writes to /srv')
  assert.equal(whyNot(service, { anonymousVolumes: ['/var/lib/mysql'] }), "keeps data in its image's volume at /var/lib/mysql")
  assert.equal(whyNot({ ...service, networks: { a: { aliases: [], ipv4Address: '10.0.0.9' } } }), 'has the fixed address 10.0.0.9')
  assert.match(whyNot({ ...service, options: { config: {}, hostConfig: { NetworkMode: 'host' } } }), /network_mode: host/)
  assert.match(whyNot(service, { published: [{ hostIp: '127.0.0.1', hostPort: 8080 }] }), /port 8080 moves to another address/)
  const silent = { ...service, ports: [] }
  assert.equal(whyNot(silent, { listens: [] }), 'nothing tells when it is ready')
  assert.equal(whyNot(silent, { listens: [], checked: true }), '')
  assert.equal(whyNot({ ...silent, healthcheck: { test: ['NONE'] } }, { listens: [], checked: true }), 'nothing tells when it is ready')
  assert.equal(whyNot(silent), '', 'the old one listens, so the new one will')
})

test('a service is ready when it listens as it says, else as the old one did', () => {
  assert.deepEqual(updateOf(service, { ...old, listens: [9000] }).ports, [80])
  assert.deepEqual(updateOf({ ...service, ports: [], expose: ['8080', '53/udp'] }, { ...old, listens: [8080, 9000] }).ports, [8080])
  assert.deepEqual(updateOf({ ...service, ports: [], expose: ['8080'] }, { ...old, listens: [9000] }).ports, [9000])
})
