import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { FakeClock } from '#base/fake-clock.ts'
import { EventBus } from '#engine/events/bus.ts'
import type { Answer } from '#keeper/protocol.ts'
import { completeConfig, completeHostConfig } from './defaults.ts'
import type { Engine } from './engine.ts'
import { execEnded, Execs, startExec, type Exec } from './execs.ts'

/** An engine with a container that runs, and a session that was made for it. */
function sessionOf(keeper: Partial<Engine['keeper']>, wishes: { readonly tty: boolean }): { engine: Engine; exec: Exec } & Disposable {
  const home = mkdtempSync(`${tmpdir()}/galley-execs-`)
  mkdirSync(`${home}/containers/${'c'.repeat(64)}/merged/etc`, { recursive: true })
  const clock = new FakeClock()
  const execs = new Execs(clock)
  const hostConfig = { ...completeHostConfig({}), Runtime: 'crun' }
  const container = { id: 'c'.repeat(64), name: 'one', state: { status: 'running' }, config: completeConfig({}), hostConfig }
  const runtime = { name: 'crun', program: process.execPath, global: () => [], sendsTerminal: true, awaitsProcess: false }
  const engine = {
    clock,
    execs,
    events: new EventBus(clock),
    data: home,
    run: home,
    runtimes: { usual: 'crun', all: [runtime] },
    containers: { get: () => container, find: () => container },
    keeper,
  } as unknown as Engine
  const usual = { user: '', workingDir: '', env: [], stdin: true, stdout: true, stderr: true, privileged: false, detachKeys: '' }
  const exec = execs.add({ ...usual, container: container.id, command: ['sh'], terminalSize: [24, 80], ...wishes })
  return { engine, exec, [Symbol.dispose]: () => rmSync(home, { recursive: true }) }
}

test('a session with a terminal that no keeper is there for fails, and ends nothing else', async () => {
  const died = (): Promise<never> => Promise.reject(new Error('the keeper is being restarted'))
  using session = sessionOf({ connected: false, resize: died, start: died }, { tty: true })
  const { engine, exec } = session
  // A rejection that nobody handles ends the process, and this test with it.
  await assert.rejects(startExec(engine, exec), /the keeper is being restarted/)
  await setImmediate()
  assert.equal(exec.exitCode, 126)
})

test('a session’s end is told once and after its start, also where it comes first or twice', async () => {
  const { promise, resolve } = Promise.withResolvers<Answer>()
  using session = sessionOf({ connected: false, start: () => promise, forget: () => promise }, { tty: false })
  const { engine, exec } = session
  const started = startExec(engine, exec)
  execEnded(engine, exec.id, 3)
  resolve({ ok: true, pid: 7 })
  await started
  execEnded(engine, exec.id, 255)
  assert.deepEqual(
    engine.events.past().map(({ action, attributes }) => [action, attributes['exitCode']]),
    [
      ['exec_start: sh', undefined],
      ['exec_die', '3'],
    ],
  )
  assert.equal(exec.exitCode, 3)
})

test('a session that was made for the container’s last run is not started in its next one, where nobody would hear of its end', async () => {
  using session = sessionOf({ connected: false, start: () => Promise.resolve({ ok: true, pid: 7 }) }, { tty: false })
  const { engine, exec } = session
  engine.execs.dropUnstarted(exec.container)
  await assert.rejects(startExec(engine, exec), { kind: 'not found' })
  assert.equal(exec.started, false)
})
