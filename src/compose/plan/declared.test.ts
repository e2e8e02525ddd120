import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Service } from '#compose/model/model.ts'
import { at, service as plain } from '#compose/model/service.fixture.ts'
import { declaredText, differenceLines } from './declared.ts'

const service = plain('web', {
  ports: [{ target: 80, published: 8080, hostIp: '', protocol: 'tcp', at }],
  environment: { GREETING: { value: 'hello', at } },
  options: { config: {}, hostConfig: { Memory: 1024 } },
})

test('what differs is told by the keys of the file, and where it stands makes no difference', () => {
  const before = declaredText(service)
  const changed: Service = {
    ...service,
    at: { ...at, line: 9 },
    image: 'other',
    stopGracePeriod: 5,
    environment: { GREETING: { value: 'bonjour' }, NEW: { value: '1' } },
    labels: { a: 'b' },
    options: { config: {}, hostConfig: {} },
  }
  assert.deepEqual(differenceLines(before, changed).toSorted(), [
    'environment.GREETING: hello → bonjour',
    'environment.NEW: 1, was not there',
    'image: box → other',
    'labels.a: b, was not there',
    'memory: is gone, was 1024',
    'stop_grace_period: 5, was not there',
  ])
  assert.deepEqual(differenceLines(before, { ...service, at: { ...at, line: 9 } }), ['its configuration'])
})

test('a container of another tool has no declaration', () => {
  assert.match(differenceLines(undefined, service).join(), /another tool made it/)
  assert.match(differenceLines('{', service).join(), /another tool made it/)
})
