import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { after, test } from 'node:test'
import { sleep, systemClock } from '#base/clock.ts'
import { FakeClock } from '#base/fake-clock.ts'
import { Trash } from './trash.ts'

const home = mkdtempSync(`${tmpdir()}/galley-trash-`)

after(() => rmSync(home, { recursive: true, force: true }))

function full(path: string): string {
  mkdirSync(`${path}/inside`, { recursive: true })
  writeFileSync(`${path}/inside/-file`, 'x')
  return path
}

test('what is thrown away is gone from its place at once and from the disk a moment later, as is what comes meanwhile', async () => {
  mkdirSync(`${home}/trash`)
  const clock = new FakeClock()
  const trash = new Trash(`${home}/trash`, clock, () => false)
  for (const name of ['one', 'two']) await trash.throwAway(full(`${home}/${name}`))
  assert.equal(existsSync(`${home}/one`), false)
  assert.deepEqual(readdirSync(`${home}/trash`), ['one', 'two'])
  await clock.advance(200)
  await trash.throwAway(full(`${home}/-three`))
  for (let attempt = 0; readdirSync(`${home}/trash`).length > 0; attempt++) {
    assert.ok(attempt < 6000, 'still there')
    await sleep(systemClock, 10)
  }
  await assert.rejects(trash.throwAway(`${home}/one`), { code: 'ENOENT' })
})

test('where room is short, it is gone from the disk when that resolves', async () => {
  mkdirSync(`${home}/short`)
  const trash = new Trash(`${home}/short`, new FakeClock(), () => true)
  await trash.throwAway(full(`${home}/large`))
  assert.deepEqual(readdirSync(`${home}/short`), [])
})
