import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { sleep, systemClock } from '#base/clock.ts'
import { FakeClock } from '#base/fake-clock.ts'
import { jsonLog } from '#base/log.ts'
import { ReadyProcess } from './start.ts'

test('a process that can not be started to stand ready, as the log can not be opened, is tried again', async () => {
  const run = mkdtempSync(`${tmpdir()}/galley-ready-`)
  const program = `${run}/program.mjs`
  writeFileSync(program, `import { writeFileSync } from 'node:fs'; writeFileSync('${run}/started', '')`)
  mkdirSync(`${run}/daemon.log`)
  const clock = new FakeClock()
  const lines: string[] = []
  const log = jsonLog(
    (line) => lines.push(line),
    () => clock.now(),
  )
  const ready = new ReadyProcess({ program, run }, clock, log)
  try {
    await clock.advance(500)
    assert.match(lines.join(''), /can not be started yet.*EISDIR/)
    rmSync(`${run}/daemon.log`, { recursive: true })
    await clock.advance(5000)
    for (let look = 0; look < 3000 && !existsSync(`${run}/started`); look++) await sleep(systemClock, 10)
    assert.ok(existsSync(`${run}/started`))
  } finally {
    ready[Symbol.dispose]()
    rmSync(run, { recursive: true })
  }
})
