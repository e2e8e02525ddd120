import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { instanceWithBox } from './instance-with-box.ts'
import { galley, Projects } from './projects.ts'

/** `galley run`, `build`, `pull` and `push`. */
const instance = instanceWithBox()
const { directory, run } = new Projects(instance)

const project = `services:
  db: {image: box, command: sleep 1000, init: true, healthcheck: {test: test -e /tmp/ready || touch /tmp/ready, interval: 1s, start_interval: 100ms, start_period: 5s}}
  app:
    image: box
    command: echo the usual
    ports: ["80"]
    environment: {GREETING: hello}
    volumes: [data:/data]
    depends_on: {db: {condition: service_healthy}}
volumes: {data: }
`

test('run gives a command the streams, the surroundings of its service and its exit code', async () => {
  const home = directory('once', { 'compose.yaml': project })
  const words = [
    'run',
    '--rm',
    '-T',
    '-e',
    'MORE=more',
    'app',
    'sh',
    '-c',
    'cat; echo $GREETING $MORE; nslookup db >/dev/null && echo found; exit 6',
  ]
  const { code, out } = await instance.command(galley, words, { cwd: home, input: 'given\n' })
  assert.equal(out, 'given\nhello more\nfound\n')
  assert.equal(code, 6)
  assert.equal(await instance.ok('ps', '-a', '--format', '{{.Names}}'), 'once-db-1', 'it went, what it depends on stays')
  assert.equal((await run(home, 'run', '--rm', '--no-deps', 'app')).out, 'the usual\n')

  const [name] = (await run(home, 'run', '-d', '--name', 'mine', 'app', 'sleep', '1000')).out.split('\n')
  assert.equal(name, 'mine')
  assert.equal(await instance.ok('port', 'mine'), '')
  assert.match((await run(home, 'ps')).out, /once-db-1/)
  assert.doesNotMatch((await run(home, 'ps')).out, /mine/)
  assert.match((await run(home, 'run', 'nobody')).err, /no such service: nobody/)
  assert.equal((await run(home, 'down', '-v', '-t', '0')).code, 0)
  assert.equal(await instance.ok('ps', '-aq'), '', 'down takes those of run too')
})

test('run on a terminal is one', async () => {
  const home = directory('typed', { 'compose.yaml': 'services:\n  app: {image: box}\n' })
  // An input that stays open: at its end, script may lose what is printed last.
  const line = `mkfifo open; script -qec "stty rows 33 cols 77; ${galley} run --rm app sh -c 'stty size; tty; exit 5'" /dev/null 0<>open`
  const { code, out } = await instance.command('sh', ['-c', line], { cwd: home, env: { TERM: 'xterm' } })
  assert.equal(code, 5)
  assert.match(out, /33 77\r+\n\/dev\/pts\/\d+\r+\n/)
  assert.equal((await run(home, 'down')).code, 0)
})

/** A command in a container of its own that says that it runs. */
async function ready(home: string, script: string): Promise<ReturnType<typeof spawn>> {
  const env = { ...process.env, GALLEY_SOCKET: instance.socket }
  const child = spawn(galley, ['run', '--rm', '-T', 'app', 'sh', '-c', `${script}; echo ready; while true; do sleep 0.1; done`], {
    cwd: home,
    env,
  })
  let out = ''
  child.stdout.on('data', (text: Buffer) => (out += text.toString()))
  await instance.until(
    () => out,
    (text) => text.includes('ready'),
  )
  return child
}

test('who stops run means its command; one that takes no notice goes on when that is said for the third time', async () => {
  const home = directory('stopped', { 'compose.yaml': 'services:\n  app: {image: box}\n' })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    const child = await ready(home, "trap 'exit 7' INT TERM")
    const ended = once(child, 'close')
    child.kill(signal)
    assert.deepEqual(await ended, [7, null])
  }
  assert.equal(await instance.ok('ps', '-aq'), '')
  const deaf = await ready(home, "trap '' INT")
  const ended = once(deaf, 'close')
  for (let count = 0; count < 3; count++) {
    deaf.kill('SIGINT')
    // Signals that come at once are one.
    await instance.command('sleep', ['0.5'])
  }
  assert.deepEqual(await ended, [1, null])
  assert.match(await instance.ok('ps', '--format', '{{.Names}}'), /^stopped-app-run-/)
  assert.equal((await run(home, 'down', '-t', '0')).code, 0)
})

const built = `services:
  base:
    build: {context: ., dockerfile_inline: "FROM box\\nRUN echo base > /base\\n"}
  app:
    build:
      context: .
      dockerfile_inline: |
        FROM parent
        ARG WORD
        COPY --from=extra word.txt /word.txt
        RUN --mount=type=secret,id=token --mount=type=secret,id=hidden cat /run/secrets/token /run/secrets/hidden | wc -c > /length
        RUN echo $\${WORD} > /arg
      additional_contexts: {parent: "service:base", extra: ./extra}
      args: {WORD: usual}
      secrets: [token, hidden]
      labels: {mine: "yes"}
      tags: ["other-name:v2"]
    command: cat /base /word.txt /length /arg
secrets:
  token: {file: ./token.txt}
  hidden: {environment: HIDDEN}
`

test('build makes what services build, with secrets, other contexts and the images of other services', async () => {
  const home = directory('makes', { 'token.txt': 'from a file', 'compose.yaml': built })
  directory('makes/extra', { 'word.txt': 'a word\n' })
  const given = { cwd: home, env: { HIDDEN: 'hidden' } }
  const { code, err } = await instance.command(galley, ['build', '--build-arg', 'WORD=given', 'app'], given)
  assert.equal(code, 0, err)
  assert.ok(err.indexOf('Image makes-base  Built') < err.indexOf('Image makes-app  Building'), err)
  assert.equal(await instance.ok('run', '--rm', 'other-name:v2', 'cat', '/base', '/word.txt', '/length', '/arg'), 'base\na word\n17\ngiven')
  assert.equal(await instance.ok('inspect', '-f', '{{.Config.Labels.mine}}', 'makes-app'), 'yes')
  assert.doesNotMatch(await instance.ok('history', '--no-trunc', 'makes-app'), /hidden$/m)
  const refused = await instance.command(galley, ['build'], { cwd: home, env: {} })
  assert.match(refused.err, /HIDDEN/)
})

test('up --attach shows what services write, and stops them at Ctrl-C', async () => {
  const home = directory('attached', {
    'compose.yaml': `services:
  a: {image: box, command: "sh -c 'trap \\"echo bye; exit 0\\" TERM; echo from a; sleep 1000 & wait'"}
  b: {image: box, command: "sh -c 'echo from b; sleep 1000'", attach: false, init: true}
`,
  })
  const child = spawn(galley, ['up', '--attach', '--steady', '0.1'], {
    cwd: home,
    env: { PATH: process.env['PATH'] ?? '', GALLEY_SOCKET: instance.socket },
  })
  let out = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
  const ended = new Promise((resolve) => child.once('exit', resolve))
  await instance.until(
    () => out,
    (text) => text.includes('a-1  | from a\n'),
  )
  child.kill('SIGINT')
  assert.equal(await ended, 130)
  assert.doesNotMatch(out, /from b/)
  assert.equal(await instance.ok('ps', '--format', '{{.Names}}', '--filter', 'label=com.docker.compose.project=attached'), '')
  assert.equal((await run(home, 'down', '-t', '0')).code, 0)
})

test('pull says what can not be had, and push that nothing is built', async () => {
  const home = directory('pulls', { 'compose.yaml': 'services:\n  a: {image: "127.0.0.1:1/nothing:here"}\n' })
  const pulled = await run(home, 'pull')
  assert.equal(pulled.code, 1)
  assert.match(pulled.err, /Image 127\.0\.0\.1:1\/nothing:here {2}Error/)
  assert.match((await run(home, 'push')).err, /no service of these is built/)
})

test('what docker login has kept is what images are pulled with', async () => {
  const seen: string[] = []
  const registry = createServer((request, response) => {
    const { authorization = '' } = request.headers
    if (authorization === '') response.writeHead(401, { 'www-authenticate': 'Basic realm="here"' }).end()
    else {
      seen.push(authorization)
      response.writeHead(404, { 'content-type': 'application/json' }).end('{"errors":[{"code":"MANIFEST_UNKNOWN","message":"none"}]}')
    }
  }).listen(0, '127.0.0.1')
  await once(registry, 'listening')
  const { port } = registry.address() as AddressInfo
  const auth = Buffer.from('me:secret').toString('base64')
  const home = directory('private', {
    'config.json': JSON.stringify({ auths: { [`127.0.0.1:${port}`]: { auth } } }),
    'compose.yaml': `services:\n  a: {image: "127.0.0.1:${port}/mine:1"}\n`,
  })
  const { code } = await instance.command(galley, ['pull'], { cwd: home, env: { DOCKER_CONFIG: home } })
  assert.equal(code, 1)
  assert.deepEqual([...new Set(seen)], [`Basic ${auth}`])
  seen.length = 0
  await instance.command(galley, ['pull'], { cwd: home })
  assert.deepEqual(seen, [], 'nobody else is known')
  registry.closeAllConnections()
  registry.close()
})
