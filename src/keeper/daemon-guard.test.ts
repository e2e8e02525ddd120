import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { sleep, systemClock } from '#base/clock.ts'
import { FakeClock } from '#base/fake-clock.ts'
import { makeFifo } from '#host/kernel/fifo.ts'
import { DaemonGuard } from './daemon-guard.ts'

test('a daemon that can’t be started now, as its log can’t be opened, is tried again', async () => {
  const home = mkdtempSync(`${tmpdir()}/galley-guard-`)
  makeFifo(`${home}/alive`)
  const clock = new FakeClock()
  const guard = new DaemonGuard(clock)
  const connection = new Socket()
  const command = ['/bin/sh', '-c', `echo started >${home}/started`]
  guard.guard({ command, log: `${home}/logs/daemon.log`, alive: `${home}/alive` }, connection)
  connection.emit('close')
  await clock.advance(100)
  assert.equal(existsSync(`${home}/started`), false)
  mkdirSync(`${home}/logs`)
  await clock.advance(200)
  for (let look = 0; look < 6000 && !existsSync(`${home}/started`); look++) await sleep(systemClock, 10)
  assert.equal(existsSync(`${home}/started`), true)
  guard.release()
  rmSync(home, { recursive: true })
})
