import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'

/** What a copy of a Node process does, each in a copy of one process; its exit code says whether it could. */
const cases: Readonly<Record<string, readonly [code: string, end: string]>> = {
  'waits for a timer': ['setTimeout(() => process.exit(5), 20)', 'code 5'],
  'uses the pool of threads': [
    `const { gzip } = process.getBuiltinModule('node:zlib'); fs.promises.readFile('/proc/version').then(() => gzip(Buffer.alloc(1e6), () => process.exit(6)))`,
    'code 6',
  ],
  'starts a process and hears of its end': [
    `process.getBuiltinModule('node:child_process').spawn('sh', ['-c', 'exit 9']).on('exit', (code) => process.exit(code))`,
    'code 9',
  ],
  'talks to itself over a socket': [
    `const net = process.getBuiltinModule('node:net'); net.createServer((s) => s.end('x')).listen('\\0' + process.pid, () => net.connect('\\0' + process.pid).on('data', () => process.exit(11)))`,
    'code 11',
  ],
  'hears a signal sent to its own id': [
    `process.once('SIGTERM', () => process.exit(21)); setTimeout(() => process.kill(process.pid), 20); setTimeout(() => undefined, 10_000)`,
    'code 21',
  ],
  'dies by a signal that it does not hear': [`setTimeout(() => process.kill(process.pid, 'SIGINT'), 20)`, 'signal 2'],
  'collects garbage': [
    'const all = []; for (let i = 0; i < 2e6; i++) all.push({ i, text: `x${i}` }); process.exit(all.length === 2e6 ? 8 : 1)',
    'code 8',
  ],
  'has told of its end before it ends': [`process.on('exit', () => fs.writeSync(1, 'told ')); process.exit(4)`, 'told code 4'],
}

const program = `
import { forkProcess } from '#host/process/fork.ts'
import { detachThreads } from '#host/kernel/platform.ts'
import { endOf, openProcess, reapChild } from '#host/process/children.ts'
import { waitForAny } from '#host/process/door.ts'
const fs = process.getBuiltinModule('node:fs')
await fs.promises.stat('/')
detachThreads()
const pid = forkProcess()
if (pid === 0) await new Promise(() => { CASE })
const child = openProcess(pid)
waitForAny([{ descriptor: child, event: 'readable' }])
const { by, number } = endOf(child)
reapChild(child)
fs.writeSync(1, by + ' ' + number)
process.exit()
`

for (const [what, [code, end]] of Object.entries(cases)) {
  test(`a copy of a process ${what}`, async () => {
    const flags = ['--disable-warning=ExperimentalWarning', '--single-threaded', '--input-type=module', '--eval']
    const child = spawn(process.execPath, [...flags, program.replace('CASE', () => code)], {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 30_000,
    })
    let [out, err] = ['', '']
    child.stdout.on('data', (chunk: Buffer) => (out += String(chunk)))
    child.stderr.on('data', (chunk: Buffer) => (err += String(chunk)))
    await once(child, 'close')
    assert.equal(out, end, err)
  })
}

test('copies draw different random numbers from Node', async () => {
  const text = `
import { forkProcess } from '#host/process/fork.ts'
import { openProcess } from '#host/process/children.ts'
import { waitForAny } from '#host/process/door.ts'
const { randomUUID } = process.getBuiltinModule('node:crypto')
for (let copy = 0; copy < 2; copy++) {
  const pid = forkProcess()
  if (pid === 0) process.getBuiltinModule('node:fs').writeSync(1, randomUUID() + ' ')
  if (pid === 0) process.exit(0)
  waitForAny([{ descriptor: openProcess(pid), event: 'readable' }])
}
process.exit()
`
  const flags = ['--disable-warning=ExperimentalWarning', '--single-threaded', '--input-type=module', '--eval']
  const child = spawn(process.execPath, [...flags, text], { stdio: ['ignore', 'pipe', 'inherit'], timeout: 30_000 })
  let out = ''
  child.stdout.on('data', (chunk: Buffer) => (out += String(chunk)))
  await once(child, 'close')
  const [one, other] = out.trim().split(' ')
  assert.equal(one?.length, 36)
  assert.equal(other?.length, 36)
  assert.notEqual(one, other)
})
