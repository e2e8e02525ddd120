import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { FakeClock } from '#base/fake-clock.ts'
import { completeConfig, completeHostConfig } from './defaults.ts'
import type { Engine } from './engine.ts'
import { Execs, startExec } from './execs.ts'

test('a session with a terminal that no keeper is there for fails, and ends nothing else', async () => {
  const home = mkdtempSync(`${tmpdir()}/galley-execs-`)
  mkdirSync(`${home}/containers/${'c'.repeat(64)}/merged/etc`, { recursive: true })
  const died = (): Promise<never> => Promise.reject(new Error('the keeper is being restarted'))
  const clock = new FakeClock()
  const execs = new Execs(clock)
  const hostConfig = { ...completeHostConfig({}), Runtime: 'crun' }
  const container = { id: 'c'.repeat(64), state: { status: 'running' }, config: completeConfig({}), hostConfig }
  const runtime = { name: 'crun', program: process.execPath, global: () => [], sendsTerminal: true, awaitsProcess: false }
  const engine = {
    clock,
    execs,
    data: home,
    run: home,
    runtimes: { usual: 'crun', all: [runtime] },
    containers: { get: () => container, find: () => container },
    keeper: { connected: false, resize: died, start: died },
  } as unknown as Engine
  const wishes = { user: '', workingDir: '', env: [], stdin: true, stdout: true, stderr: true, privileged: false, detachKeys: '' }
  const exec = execs.add({ ...wishes, container: container.id, command: ['sh'], tty: true, terminalSize: [24, 80] })
  // A rejection that nobody handles ends the process, and this test with it.
  await assert.rejects(startExec(engine, exec), /the keeper is being restarted/)
  await setImmediate()
  assert.equal(exec.exitCode, 126)
  rmSync(home, { recursive: true })
})
