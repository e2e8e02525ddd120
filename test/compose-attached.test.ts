import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { instanceWithBox } from './instance-with-box.ts'
import { galley, Projects } from './projects.ts'

/** What of their containers `up` and `logs -f` show, as users of docker compose read it. */
const instance = instanceWithBox()
const { directory, run } = new Projects(instance)

test('an attached up says to what it attaches, and how each container ends and starts again', async () => {
  const home = directory('told', {
    'compose.yaml': `services:
  good: {image: box, command: echo done}
  bad: {image: box, command: sh -c 'echo no; exit 4', restart: "on-failure:1"}
  own: {image: box, container_name: its-own-name, command: echo mine}
`,
  })
  const { code, out, err } = await run(home, 'compose', 'up')
  assert.equal(code, 0, err)
  assert.match(out, /^Attaching to its-own-name, bad-1, good-1$/m)
  for (const line of ['bad-1         | no', 'good-1        | done', 'its-own-name  | mine', 'bad-1 exited with code 4 (restarting)'])
    assert.ok(out.split('\n').includes(line), out)
  assert.match(out, /^bad-1 exited with code 4$/m)
  assert.equal(err.split('\n').filter((line) => line === 'galley why -p told bad tells why').length, 1, err)
  assert.match(out, /^its-own-name exited with code 0$/m)
  assert.equal((await run(home, 'down')).code, 0)
})

test('logs -f goes on with containers that start later, until none runs', async () => {
  const home = directory('later', {
    'compose.yaml': `services:
  first: {image: box, init: true, command: sh -c 'echo one; sleep 1000', stop_grace_period: 0s}
  other: {image: box, init: true, command: sleep 1000, stop_grace_period: 0s}
  second: {image: box, command: sh -c 'echo two', scale: 2}
`,
  })
  assert.equal((await run(home, 'up', '-d', 'first', 'other')).code, 0)
  const child = spawn(galley, ['logs', '-f'], { cwd: home, env: { ...process.env, GALLEY_SOCKET: instance.socket } })
  let out = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
  const closed = once(child, 'close')
  const seen = (pattern: RegExp): Promise<unknown> =>
    instance.until(
      () => out,
      (all) => pattern.test(all),
    )
  await seen(/^first-1 {2}\| one$/m)
  assert.equal((await run(home, 'up', '-d')).code, 0)
  await seen(/^second-1 {2,}\| two$/m)
  await seen(/^second-2 exited with code 0$/m)
  assert.equal((await run(home, 'restart', 'first')).code, 0)
  // It may run again when its end is told of.
  await seen(/\| one$[^]*^first-1 exited with code \d+( \(restarting\))?$[^]*\| one$/m)
  assert.equal((await run(home, 'compose', 'run', '--rm', 'second', 'echo', 'once')).code, 0)
  assert.equal((await run(home, 'down')).code, 0)
  assert.deepEqual(await closed, [0, null])
  assert.doesNotMatch(out, /once/)
})

test('a variable that is named and has no value takes the image’s away', async () => {
  const home = directory('unset', {
    'compose.yaml': `services:
  app:
    build: {context: ., dockerfile_inline: "FROM box\\nENV KEPT=kept GONE=there"}
    environment: [GONE]
    command: env
`,
  })
  const shown = await run(home, 'compose', 'run', '--rm', 'app')
  assert.match(shown.out, /^KEPT=kept$/m, shown.err)
  assert.doesNotMatch(shown.out, /GONE/)
  const given = await instance.command(galley, ['compose', 'run', '--rm', 'app'], { cwd: home, env: { GONE: 'from here' } })
  assert.match(given.out, /^GONE=from here$/m)
  assert.equal((await run(home, 'down')).code, 0)
})

test('an up of one service that shows what it depends on ends with that service', async () => {
  const home = directory('target', {
    'compose.yaml': `services:
  app: {image: box, command: echo hello, depends_on: [db]}
  db: {image: box, init: true, command: sleep 1000, stop_grace_period: 0s}
`,
  })
  const { code, out, err } = await run(home, 'compose', 'up', '--attach-dependencies', 'app')
  assert.equal(code, 0, err)
  assert.match(out, /^app-1 {2}\| hello$/m)
  assert.match(out, /^app-1 exited with code 0$/m)
  assert.equal(await instance.ok('ps', '--format', '{{.Names}}'), 'target-db-1')
  assert.equal((await run(home, 'down')).code, 0)
})
