import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, rmSync, rmdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { FakeClock } from '#base/fake-clock.ts'
import { LeavingNamespaces } from './leaving-namespaces.ts'

test('a namespace that can not be deleted now keeps no other one, and goes with the next', async () => {
  const home = mkdtempSync(`${tmpdir()}/galley-leaving-`)
  const clock = new FakeClock()
  const leaving = new LeavingNamespaces(clock)
  const [stuck, other, third] = ['stuck', 'other', 'third'].map((name) => `${home}/${name}`) as [string, string, string]
  // No file can be deleted by this name.
  mkdirSync(stuck)
  for (const path of [other, third]) writeFileSync(path, '')
  leaving.add(stuck, [])
  leaving.add(other, [])
  await clock.advance(1000)
  assert.deepEqual([existsSync(stuck), existsSync(other)], [true, false])
  rmdirSync(stuck)
  writeFileSync(stuck, '')
  leaving.add(third, [])
  await clock.advance(1000)
  assert.deepEqual([existsSync(stuck), existsSync(third)], [false, false])
  rmSync(home, { recursive: true })
})
