import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { GalleyError } from '#base/error.ts'
import { parseImageConfig } from './image-config.ts'

const parsed = (config: unknown): unknown => parseImageConfig(Buffer.from(JSON.stringify(config)))
const rootfs = { type: 'layers', diff_ids: [`sha256:${'0'.repeat(64)}`] }

test('a field of the wrong type is refused by its name', () => {
  const wrong: readonly (readonly [RegExp, object])[] = [
    [/config.Env/, { config: { Env: 'A=b' } }],
    [/config.Volumes/, { config: { Volumes: ['/data'] } }],
    [/maintainer is not a text/, { config: { Labels: { maintainer: {} } } }],
    [/Healthcheck.Test/, { config: { Healthcheck: { Test: 'true' } } }],
    [/Healthcheck.Retries/, { config: { Healthcheck: { Test: ['CMD', 'true'], Retries: '3' } } }],
    [/created is not a text/, { created: 5 }],
    [/created_by is not a text/, { history: [{ created_by: [] }] }],
    [/empty_layer/, { history: [{ empty_layer: 'yes' }] }],
    [/is not a layer's digest/, { rootfs: { diff_ids: ['../../x'] } }],
  ]
  for (const [why, fields] of wrong) assert.throws(() => parsed({ rootfs, ...fields }), why)
})

test('what is missing or null has its default, and what nobody knows passes', () => {
  const config = { rootfs, config: { Labels: null, Env: null, User: null, Unheard: { of: 1 } }, history: null, created: null }
  assert.partialDeepStrictEqual(parsed(config), { os: 'linux', architecture: '', history: [], config: { Unheard: { of: 1 } } })
})

test('no JSON makes it throw anything but invalid', () => {
  const fields = ['config', 'history', 'created', 'os', 'author']
  const run = fc.dictionary(
    fc.constantFrom('Env', 'Labels', 'Healthcheck', 'User', 'Volumes', 'Cmd', '__proto__'),
    fc.jsonValue({ maxDepth: 2 }),
  )
  const document = fc.dictionary(fc.constantFrom(...fields), fc.oneof(run, fc.jsonValue({ maxDepth: 2 })))
  fc.assert(
    fc.property(fc.oneof(document, fc.jsonValue()), (value) => {
      try {
        parsed(typeof value === 'object' && value !== null ? { rootfs, ...value } : value)
      } catch (error) {
        assert.ok(error instanceof GalleyError && error.kind === 'invalid', String(error))
      }
    }),
    { numRuns: 500 },
  )
})
