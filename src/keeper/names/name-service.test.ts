import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { FakeClock } from '#base/fake-clock.ts'
import { NameService } from './name-service.ts'

test('a table that a keeper was writing when it died does not keep the next one from starting', () => {
  const directory = mkdtempSync(`${tmpdir()}/galley-names-`)
  for (const kind of ['tables', 'resolvers']) mkdirSync(`${directory}/${kind}`)
  const whole = { id: 'whole', name: 'net', records: [{ names: ['web'], address: '10.0.0.2' }] }
  writeFileSync(`${directory}/tables/whole`, JSON.stringify(whole))
  writeFileSync(`${directory}/tables/torn`, '')
  new NameService(directory, new FakeClock()).restore()
  assert.deepEqual(readdirSync(`${directory}/tables`), ['whole'])
  rmSync(directory, { recursive: true })
})
