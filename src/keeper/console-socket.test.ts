import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { sleep, systemClock } from '#base/clock.ts'
import { ConsoleSocket } from './console-socket.ts'

test('a runtime that goes before it has passed a terminal passes none, least of all descriptor 0', async () => {
  const home = mkdtempSync(`${tmpdir()}/galley-console-`)
  const passed: number[] = []
  {
    using _console = new ConsoleSocket(`${home}/socket`, (fd) => passed.push(fd))
    const runtime = connect(`${home}/socket`)
    await once(runtime, 'connect')
    await sleep(systemClock, 10)
    // It is let go by the other side, which has seen that it will say nothing more.
    runtime.resume().end()
    await once(runtime, 'close')
  }
  assert.deepEqual(passed, [])
  rmSync(home, { recursive: true })
})
