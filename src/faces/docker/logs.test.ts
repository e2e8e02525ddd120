import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { PassThrough } from 'node:stream'
import { after, test } from 'node:test'
import { sleep, systemClock } from '#base/clock.ts'
import type { Engine } from '#engine/containers/engine.ts'
import type { Container } from '#engine/containers/model.ts'
import { writePastLogs } from './logs.ts'

const home = mkdtempSync(`${tmpdir()}/galley-past-logs-`)
const container = {
  id: 'a',
  config: { Tty: false, Env: [], Labels: {} },
  hostConfig: { LogConfig: { Type: 'json-file', Config: {} } },
} as unknown as Container

after(() => rmSync(home, { recursive: true, force: true }))

test('a client that had gone before its past logs were written keeps nobody waiting', async () => {
  mkdirSync(`${home}/containers/a`, { recursive: true })
  const text = JSON.stringify({ log: `${'x'.repeat(1000)}\n`, stream: 'stdout', time: new Date(0).toISOString() })
  const path = `${home}/containers/a/a-json.log`
  writeFileSync(path, `${text}\n`.repeat(100))
  const client = new PassThrough()
  client.destroy()
  await once(client, 'close')
  const { ino: inode, size } = statSync(path)
  const written = writePastLogs({ data: home } as Engine, container, client, { stdout: true, stderr: true, end: { inode, size } })
  assert.equal(await Promise.race([written.then(() => 'over'), sleep(systemClock, 5000).then(() => 'waits')]), 'over')
})
