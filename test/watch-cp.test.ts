import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { instanceWithBox } from './instance-with-box.ts'
import { galley, Projects } from './projects.ts'

/** `galley watch` and `cp`: files on their way into containers and out of them. */
const instance = instanceWithBox()
const { directory, run } = new Projects(instance)

const inside = async (container: string, line: string): Promise<string> =>
  (await instance.docker('exec', container, 'sh', '-c', line)).out.trim()

interface Watching extends AsyncDisposable {
  /** Resolves when it has told this. */
  tells(text: string): Promise<unknown>
  /** On its standard output. */
  printed(): string
}

/** `galley watch` in a project's directory, when it has begun to look at the files; disposing ends it, as Ctrl-C does. */
async function watch(home: string): Promise<Watching> {
  const child = spawn(galley, ['watch'], { cwd: home, env: { PATH: process.env['PATH'] ?? '', GALLEY_SOCKET: instance.socket } })
  let [printed, told] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (told += text))
  const ended = new Promise((resolve) => child.once('exit', resolve))
  await using stack = new AsyncDisposableStack()
  stack.defer(async () => {
    child.kill('SIGINT')
    assert.equal(await ended, 130, told)
  })
  const tells = (text: string): Promise<unknown> =>
    instance.until(
      () => told,
      (all) => all.includes(text),
    )
  await tells('Watch enabled')
  const rest = stack.move()
  return { tells, printed: () => printed, [Symbol.asyncDispose]: () => rest.disposeAsync() }
}

test('watch does what develop.watch says when files change', async () => {
  const home = directory('watched', {
    Dockerfile: 'FROM box\nCOPY version /version\nCMD ["sleep", "1000"]\n',
    version: 'one\n',
    'app.conf': 'a=1\n',
    'compose.yaml': `services:
  app:
    build: .
    init: true
    stop_grace_period: 1s
    develop:
      watch:
        - {path: ./src, action: sync, target: /app/src, ignore: ["*.log"]}
        - {path: ./app.conf, action: sync+exec, target: /etc/app.conf, exec: {command: ["sh", "-c", "cp /etc/app.conf /tmp/seen; echo it-ran"]}}
        - {path: ./later/deep, action: sync, target: /app/later, initial_sync: true}
        - {path: ./version, action: rebuild}
`,
  })
  mkdirSync(`${home}/src/deep`, { recursive: true })
  {
    await using watching = await watch(home)
    writeFileSync(`${home}/src/deep/a.js`, 'first')
    writeFileSync(`${home}/src/noise.log`, 'x')
    await instance.until(
      () => inside('watched-app-1', 'cat /app/src/deep/a.js; ls /app/src'),
      (text) => text === 'firstdeep',
    )
    rmSync(`${home}/src/deep/a.js`)
    await instance.until(
      () => inside('watched-app-1', 'ls /app/src/deep'),
      (text) => text === '',
    )
    writeFileSync(`${home}/app.conf`, 'a=2\n')
    await instance.until(
      () => inside('watched-app-1', 'cat /etc/app.conf /tmp/seen'),
      (text) => text === 'a=2\na=2',
    )
    await instance.until(watching.printed, (text) => /^it-ran$/m.test(text))
    // What is not there at the start is watched from when it is.
    for (const step of ['later', 'later/deep', 'later/deep/er']) mkdirSync(`${home}/${step}`)
    writeFileSync(`${home}/later/deep/er/file`, 'late')
    await instance.until(
      () => inside('watched-app-1', 'cat /app/later/er/file'),
      (text) => text === 'late',
    )
    writeFileSync(`${home}/later/deep/er/file`, 'changed')
    await instance.until(
      () => inside('watched-app-1', 'cat /app/later/er/file'),
      (text) => text === 'changed',
    )
    writeFileSync(`${home}/version`, 'two\n')
    await instance.until(
      () => inside('watched-app-1', 'cat /version'),
      (text) => text === 'two',
    )
    await watching.tells('Rebuilding service(s) ["app"]')
    // The image that has no name any more is gone.
    await instance.until(
      () => instance.ok('images', '-q', '--filter', 'dangling=true'),
      (ids) => ids === '',
    )
  }
  assert.equal((await run(home, 'down', '--rmi', 'local')).code, 0)
})

test('watch begins with what initial_sync means of what is there: hidden files too, a file by itself, nothing that is ignored', async () => {
  const home = directory('begun', {
    Dockerfile: 'FROM box\nCMD ["sleep", "1000"]\n',
    '.dockerignore': 'src/made\n',
    'app.conf': 'a=1\n',
    'src/.env': 'B=2\n',
    'src/a.log': '',
    'src/made/by-tools': '',
    'many/-first': '',
    'compose.yaml': `services:
  app:
    build: .
    init: true
    stop_grace_period: 0s
    develop:
      watch:
        - {path: ./src, action: sync, target: /app/src, ignore: ["*.log"], initial_sync: true}
        - {path: ./app.conf, action: sync, target: /etc/app.conf, initial_sync: true}
        - {path: ./many, action: sync, target: /app/many, initial_sync: true}
`,
  })
  // Their names together are more than the arguments of a program may be (2 MiB).
  for (let count = 0; count < 12_000; count++) writeFileSync(`${home}/many/${String(count).padStart(180, 'x')}`, '')
  {
    await using _watching = await watch(home)
    assert.equal(await inside('begun-app-1', 'cat /etc/app.conf /app/src/.env; ls -A /app/src'), 'a=1\nB=2\n.env')
    assert.equal(await inside('begun-app-1', 'ls /app/many | wc -l; ls /app/many | grep first'), '12001\n-first')
  }
  assert.equal((await run(home, 'down', '--rmi', 'local')).code, 0)
})

test('watch restarts with the hooks of the service, and what restarts with it', async () => {
  const home = directory('hooked', {
    'app.conf': 'a=1\n',
    'compose.yaml': `services:
  app:
    image: box
    command: sh -c 'cat /etc/app.conf >> /told/it; exec sleep 1000'
    stop_grace_period: 0s
    volumes: [./told:/told]
    pre_stop: [{command: ["sh", "-c", "echo stops >> /told/it"]}]
    develop: {watch: [{path: ./app.conf, action: sync+restart, target: /etc/app.conf}]}
  web: {image: box, command: sh -c 'echo web >> /told/it; exec sleep 1000', stop_grace_period: 0s, volumes: [./told:/told], depends_on: {app: {condition: service_started, restart: true}}}
`,
  })
  mkdirSync(`${home}/told`)
  writeFileSync(`${home}/told/it`, '')
  {
    await using _watching = await watch(home)
    await instance.until(
      () => readFileSync(`${home}/told/it`, 'utf8'),
      (text) => text === 'web\n',
    )
    writeFileSync(`${home}/told/it`, '')
    writeFileSync(`${home}/app.conf`, 'a=2\n')
    // Both have started then, whichever comes first to write so.
    await instance.until(
      () => readFileSync(`${home}/told/it`, 'utf8'),
      (text) => /^stops\n(a=2\nweb|web\na=2)\n$/.test(text),
    )
  }
  assert.equal((await run(home, 'down')).code, 0)
})

test('watch says when there is nothing to watch', async () => {
  const home = directory('blind', { 'compose.yaml': 'services:\n  a: {image: box, command: sleep 1}\n' })
  assert.match((await run(home, 'watch')).err, /none of the selected services is configured for watch/)
})

test('cp says so when the daemon dies in the middle, rather than wait for the rest', async () => {
  const home = directory('cut', { 'compose.yaml': 'services:\n  a: {image: box, command: sleep 1000, stop_grace_period: 1s}\n' })
  assert.equal((await run(home, 'up', '-d')).code, 0)
  assert.equal(await inside('cut-a-1', 'dd if=/dev/zero of=/big bs=1M seek=4095 count=1 2>/dev/null; ls /big'), '/big')
  const copying = run(home, 'cp', 'a:/big', '.')
  await instance.until(
    () => existsSync(`${home}/big`),
    (isThere) => isThere,
  )
  instance.killDaemon()
  const { code, err } = await copying
  assert.equal(code, 1, err)
  assert.match(err, /galley: the daemon broke off/)
  rmSync(`${home}/big`)
  await run(home, 'down')
})

test('cp copies files and directories both ways, under the names that are wished', async () => {
  const home = directory('copied', {
    'compose.yaml': 'services:\n  a: {image: box, command: sleep 1000, init: true, stop_grace_period: 0s}\n',
    'one.txt': 'one\n',
  })
  directory('copied/tree/below', { 'two.txt': 'two\n' })
  assert.equal((await run(home, 'up', '-d')).code, 0)
  assert.equal((await run(home, 'cp', 'one.txt', 'a:/tmp')).code, 0)
  assert.equal((await run(home, 'cp', 'one.txt', 'a:/tmp/other.name')).code, 0)
  assert.equal((await run(home, 'cp', 'tree', 'a:/tmp/moved')).code, 0)
  assert.equal(
    await inside('copied-a-1', 'cat /tmp/one.txt /tmp/other.name /tmp/moved/below/two.txt; stat -c %u /tmp/one.txt'),
    'one\none\ntwo\n0',
  )
  // What tar packs at once must not be lost before it is sent.
  for (let time = 0; time < 20; time++) {
    writeFileSync(`${home}/time`, String(time))
    assert.equal((await run(home, 'cp', 'time', 'a:/tmp')).code, 0)
    assert.equal(await inside('copied-a-1', 'cat /tmp/time'), String(time))
  }
  assert.equal((await run(home, 'cp', 'a:/tmp/other.name', 'back.txt')).code, 0)
  assert.equal((await run(home, 'cp', 'a:/tmp/moved', 'tree')).code, 0)
  assert.equal(readFileSync(`${home}/back.txt`, 'utf8'), 'one\n')
  assert.equal(readFileSync(`${home}/tree/moved/below/two.txt`, 'utf8'), 'two\n')
  assert.match((await run(home, 'cp', 'a:/nowhere', '.')).err, /Could not find the file \/nowhere/)
  assert.match((await run(home, 'cp', 'a', 'b')).err, /one path in a service and one here/)
  assert.equal((await run(home, 'down')).code, 0)
})
