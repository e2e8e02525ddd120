import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { readTrees } from '../read.ts'
import type { Mapping } from '../tree.ts'
import { canonical } from './canonical.ts'
import { withDefaults } from './defaults.ts'
import { document as form } from './document.ts'
import { jsonText } from './json.ts'
import { merge, withoutMarks } from './merge.ts'
import { print, type Printed } from './print.ts'
import { typed } from './typed.ts'
import { yamlText } from './yaml.ts'

const read = (text: string): Mapping => canonical(form, readTrees(text, 'f')[0] ?? assert.fail('no document'), '') as Mapping
const shown = (document: Mapping): string => jsonText(print(form, typed(form, withDefaults(form, withoutMarks(document)), ''), 'json'))
const over = (base: string, ...later: string[]): Mapping =>
  later.reduce((below, text) => withoutMarks(merge(form, below, read(text))) as Mapping, read(base))

const name = fc.constantFrom('a', 'b', 'c')
const text = fc.string({ unit: fc.constantFrom('x', 'é', ' ', ':', '#', '-', '"', "'", '\n', '1', '{', '$$') })
const pairs = fc.oneof(
  fc.dictionary(name, fc.oneof(text, fc.integer(), fc.boolean()), { maxKeys: 3 }),
  fc.uniqueArray(name).map((all) => all.map((one) => `${one}=1`)),
)
const port = fc.oneof(
  fc.constantFrom('80', '81:81', '1-2:1-2', '127.0.0.1:5:5/udp'),
  fc.record({ target: fc.constantFrom(80, 81), published: fc.constantFrom('80', '81') }),
)
const volume = fc.oneof(
  fc.constantFrom('./x:/d', 'data:/d:ro', '/anonymous'),
  fc.record({ type: fc.constant('bind'), source: fc.constant('./y'), target: fc.constantFrom('/d', '/e') }),
)
const service = fc.record(
  {
    image: name,
    command: fc.oneof(fc.array(text), fc.constantFrom('echo a', 'sh -c "b c"')),
    environment: pairs,
    labels: pairs,
    ports: fc.array(port, { maxLength: 3 }),
    volumes: fc.array(volume, { maxLength: 3 }),
    depends_on: fc.oneof(fc.uniqueArray(name), fc.dictionary(name, fc.constant({ condition: 'service_healthy' }))),
    networks: fc.oneof(fc.uniqueArray(name), fc.dictionary(name, fc.record({ aliases: fc.uniqueArray(name) }))),
    dns: fc.oneof(name, fc.uniqueArray(name)),
    cpus: fc.constantFrom(0.5, '1.5'),
    mem_limit: fc.constantFrom('1g', 1024),
    healthcheck: fc.record({ test: fc.constantFrom('x', ['CMD', 'y']), interval: fc.constantFrom('1m', '90s') }, { requiredKeys: [] }),
    deploy: fc.record({ replicas: fc.nat(5), labels: pairs }, { requiredKeys: [] }),
  },
  { requiredKeys: [] },
)
/** JSON is YAML, but for characters that YAML doesn't allow in one place or another. */
const document = fc.dictionary(name, service, { minKeys: 1, maxKeys: 2 }).map((services) => JSON.stringify({ services }))

test('a file over nothing, and nothing over a file, is the file', () => {
  fc.assert(
    fc.property(document, (written) => {
      assert.equal(shown(over('services: {}', written)), shown(read(written)))
      assert.equal(shown(over(written, 'services: {}')), shown(read(written)))
    }),
  )
})

test('a file over itself changes nothing, nor does the same override twice', () => {
  fc.assert(
    fc.property(document, document, (base, later) => {
      assert.equal(shown(over(base, base)), shown(read(base)))
      assert.equal(shown(over(base, later, later)), shown(over(base, later)))
    }),
  )
})

test('what a later file says of a value is what counts, and what it does not mention stays', () => {
  fc.assert(
    fc.property(document, name, text, (base, service, value) => {
      const later = JSON.stringify({ services: { [service]: { environment: { LATER: value }, hostname: value } } })
      const merged = print(form, typed(form, over(base, later), ''), 'yaml') as ReadonlyMap<string, Printed>
      const services = merged.get('services') as ReadonlyMap<string, ReadonlyMap<string, Printed>>
      const before = (print(form, typed(form, read(base), ''), 'yaml') as ReadonlyMap<string, Printed>).get('services') as typeof services
      const environment = services.get(service)?.get('environment') as ReadonlyMap<string, Printed> | undefined
      assert.equal(environment?.get('LATER'), value)
      for (const [other, one] of before) if (other !== service) assert.deepEqual(services.get(other), one)
    }),
  )
})

test('override tags replace, reset tags take away', () => {
  fc.assert(
    fc.property(document, document, name, (base, later, service) => {
      const own = (JSON.parse(later) as { services: Record<string, object> }).services[service] ?? { image: 'x' }
      const replaced = over(base, `services: {${service}: !override ${JSON.stringify(own)}}`)
      const alone = over(base, `services: {${service}: !reset null}`, JSON.stringify({ services: { [service]: own } }))
      const services = (one: Mapping): unknown => JSON.parse(shown(one)).services[service]
      assert.deepEqual(services(replaced), services(alone))
      assert.equal(services(over(base, `services: {${service}: !reset null}`)), undefined)
    }),
  )
})

test('what is printed is read as the same, in YAML and in JSON', () => {
  fc.assert(
    fc.property(document, (written) => {
      const whole = typed(form, withDefaults(form, read(written)), '')
      const printed = yamlText(print(form, whole, 'yaml'))
      assert.equal(shown(read(printed)), shown(read(written)), printed)
      assert.equal(shown(read(shown(read(written)))), shown(read(written)))
    }),
  )
})
