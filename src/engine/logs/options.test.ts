import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Container } from '#engine/containers/model.ts'
import { attributesOf, checkLogConfig, logSpecOf } from './options.ts'

function container(Type: string, Config: Record<string, string> = {}): Container {
  return {
    id: 'a'.repeat(64),
    name: 'web',
    image: `sha256:${'b'.repeat(64)}`,
    config: { Image: 'box', Labels: { tier: 'front', other: 'x' }, Env: ['STAGE=test=1', 'EMPTY='] },
    hostConfig: { LogConfig: { Type, Config } },
  } as unknown as Container
}

test('logs are rotated unless asked otherwise', () => {
  assert.deepEqual(logSpecOf(container('json-file'), '/d'), {
    path: `/d/${'a'.repeat(64)}-json.log`,
    format: 'json-file',
    maxSize: 20e6,
    maxFiles: 5,
    compress: false,
  })
  assert.equal(logSpecOf(container('local'), '/d')?.compress, true)
  assert.equal(logSpecOf(container('none'), '/d'), undefined)
  assert.equal(logSpecOf(container('json-file', { 'max-size': '10k', 'max-file': '2' }), '/d')?.maxSize, 10_000)
})

test('labels, variables and the tag go with each record when asked for', () => {
  const Config = { labels: 'tier', 'env-regex': '^ST', tag: '{{.Name}}/{{.ID}} {{.ImageName}}' }
  assert.deepEqual(attributesOf(container('json-file', Config)), {
    tier: 'front',
    STAGE: 'test=1',
    tag: 'web/aaaaaaaaaaaa box',
  })
})

test("wrong options are refused in Docker's words", () => {
  const wrong = (Type: string, Config: Record<string, string>, message: RegExp): void =>
    assert.throws(() => checkLogConfig({ Type, Config }), message)
  wrong('json-file', { size: '1' }, /unknown log opt 'size' for json-file log driver/)
  wrong('json-file', { 'max-size': '0' }, /max-size must be a positive number/)
  wrong('json-file', { 'max-size': 'big' }, /invalid size: 'big'/)
  wrong('local', { 'max-file': '0' }, /max-file cannot be less than 1/)
  wrong('json-file', { 'max-file': '1', compress: 'true' }, /compress cannot be true when max-file is less than 2/)
  wrong('json-file', { mode: 'fast' }, /logging mode not supported: fast/)
  wrong('json-file', { 'max-buffer-size': '1m' }, /only supported with 'mode=non-blocking'/)
  wrong('nosuch', {}, /no log driver named 'nosuch' is registered/)
  wrong('syslog', {}, /log driver "syslog" is not implemented by Galley/)
  checkLogConfig({ Type: 'local', Config: { mode: 'non-blocking', 'max-buffer-size': '4m', tag: '{{.Name}}' } })
})
