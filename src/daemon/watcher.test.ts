import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { sleep, systemClock } from '#base/clock.ts'
import { FakeClock } from '#base/fake-clock.ts'
import { makeSignOfLife, Watcher } from './watcher.ts'

async function until(what: () => boolean): Promise<void> {
  for (let look = 0; look < 3000 && !what(); look++) await sleep(systemClock, 10)
  assert.ok(what())
}

test('a watcher that was killed and can not be started now, as its directory can not be written, is tried again', async () => {
  const run = mkdtempSync(`${tmpdir()}/galley-watcher-`)
  const alive = makeSignOfLife(run)
  const clock = new FakeClock()
  const watcher = new Watcher(run, { command: ['/bin/true'], log: `${run}/log`, alive }, clock)
  try {
    const first = Number(readFileSync(`${run}/watch/shell`, 'utf8'))
    renameSync(`${run}/watch`, `${run}/away`)
    process.kill(first, 'SIGKILL')
    await until(() => clock.waiting === 1)
    await clock.advance(1000)
    assert.equal(clock.waiting, 1)
    renameSync(`${run}/away`, `${run}/watch`)
    rmSync(`${run}/watch/shell`)
    await clock.advance(1000)
    await until(() => existsSync(`${run}/watch/shell`))
    assert.notEqual(Number(readFileSync(`${run}/watch/shell`, 'utf8')), first)
  } finally {
    watcher[Symbol.dispose]()
    rmSync(run, { recursive: true })
  }
})
