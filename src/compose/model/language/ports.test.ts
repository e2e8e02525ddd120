import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decodePort } from '../ports.ts'
import { scalar } from '../tree.ts'
import { asPorts } from './ports.ts'

const at = { file: 'f', line: 1, column: 1 }
const short = (text: string | number): string[] =>
  asPorts(scalar(text, at)).map((node) => {
    const { hostIp, published, publishedLast, target, protocol } = decodePort(node)
    return `${hostIp}|${published ?? ''}${publishedLast === undefined ? '' : `-${publishedLast}`}|${target}|${protocol}`
  })

test('every short form is read', () => {
  assert.deepEqual(short(80), ['||80|tcp'])
  assert.deepEqual(short('53/udp'), ['||53|udp'])
  assert.deepEqual(short('127.0.0.1::80'), ['127.0.0.1||80|tcp'])
  assert.deepEqual(short('[::1]:8080:80'), ['::1|8080|80|tcp'])
  assert.deepEqual(short('8080-8081:80-81'), ['|8080|80|tcp', '|8081|81|tcp'])
  assert.deepEqual(short('8000-8010:80'), ['|8000-8010|80|tcp'])
  for (const wrong of ['', 'a', '1:2:3', '80-79', '1-2:1-3', '0:0', '70000:1', '1.2.3:1:2'])
    assert.throws(() => short(wrong), /invalid port/, wrong)
})

test('what is written is what is read', () => {
  const port = fc.integer({ min: 1, max: 65_535 })
  fc.assert(
    fc.property(port, port, fc.constantFrom('tcp', 'udp'), fc.ipV4(), (published, target, protocol, address) => {
      assert.deepEqual(short(`${address}:${published}:${target}/${protocol}`), [`${address}|${published}|${target}|${protocol}`])
    }),
  )
})
