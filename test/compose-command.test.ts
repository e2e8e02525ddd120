import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import type { Outcome } from './instance.ts'
import { instanceWithBox } from './instance-with-box.ts'
import { galley, Projects } from './projects.ts'

/** Which project a command means, and what docker compose's users expect of the same words. */
const instance = instanceWithBox()
const { directory, run } = new Projects(instance)

const file = (name = ''): string => `${name}services:
  app: {image: box, command: sh -c 'trap "exit 0" TERM; echo hello; sleep 1000 & wait'}
`

const running = (project: string): Promise<string> =>
  instance.ok('ps', '--format', '{{.Names}}', '--filter', `label=com.docker.compose.project=${project}`)

test('commands about what runs work while the Compose file is broken: the name is taken from it, or from the directory', async () => {
  for (const [place, name, line] of [
    ['plain', 'plain', ''],
    ['written', 'mine', 'name: mine\n'],
    ['open', 'mine-2', 'name: mine-${NUMBER:-2}\n'],
  ] as const) {
    const home = directory(place, { 'compose.yaml': file(line) })
    assert.equal((await run(home, 'up', '-d')).code, 0)
    assert.equal(await running(name), `${name}-app-1`)
    writeFileSync(`${home}/compose.yaml`, `${file(line)}  broken: {image: [}\n`)
    const refused = await run(home, 'up', '-d')
    assert.notEqual(refused.code, 0)
    const asked = place === 'open' ? ['-p', name] : []
    const ps = await run(home, 'ps', ...asked)
    assert.match(ps.out, new RegExp(`${name}-app-1`), ps.err)
    if (place === 'written') assert.match(ps.err, /compose\.yaml:\d+:\d+: .*\nThe project is taken to be mine/s)
    assert.match((await run(home, 'logs', ...asked)).out, /hello/)
    assert.equal((await run(home, 'stop', ...asked)).code, 0)
    assert.equal(await running(name), '')
    assert.equal((await run(home, 'start', ...asked)).code, 0)
    assert.equal((await run(home, 'down', ...asked)).code, 0)
    assert.equal(await instance.ok('ps', '-aq'), '')
  }
})

test('a file that is wrong beyond its YAML is no reason to ask more of it than its name', async () => {
  const home = directory('wrong', { 'compose.yaml': file('name: right\n') })
  assert.equal((await run(home, 'up', '-d')).code, 0)
  writeFileSync(`${home}/compose.yaml`, `${file('name: right\n')}  more: {image: box, depends_on: [nobody], nonsense: 1}\n`)
  const ps = await run(home, 'ps')
  assert.match(ps.out, /right-app-1/)
  assert.equal(ps.err, '')
  assert.equal((await run(home, 'down')).code, 0)
})

test('commands about what runs work when the file is gone: by -p, or by where the containers were made from', async () => {
  const home = directory('gone', { 'compose.yaml': file('name: elsewhere\n') })
  assert.equal((await run(home, 'up', '-d')).code, 0)
  rmSync(`${home}/compose.yaml`)
  assert.match((await run(home, 'ps')).out, /elsewhere-app-1/)
  assert.match((await run(home, 'logs')).out, /hello/)
  assert.match((await run('/', 'ps', '-p', 'elsewhere')).out, /elsewhere-app-1/)
  assert.equal((await run(home, 'stop', '-f', 'compose.yaml')).code, 0)
  const down = await run(home, 'down')
  assert.equal(down.code, 0, down.err)
  assert.equal(await instance.ok('ps', '-aq'), '')
  const nothing = await run(home, 'down')
  assert.match(nothing.err, /no Compose file and no Dockerfile here/)
})

/** `galley compose up` until it has shown a text, then Ctrl-C. */
async function interrupted(home: string, shown: RegExp, ...args: string[]): Promise<Outcome> {
  const child = spawn(galley, ['compose', ...args], { cwd: home, env: { ...process.env, GALLEY_SOCKET: instance.socket } })
  let [out, err] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text))
  await instance.until(
    () => out,
    (text) => shown.test(text),
  )
  child.kill('SIGINT')
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, out, err }
}

test('galley compose up stays with what it started and stops it at Ctrl-C; -d and galley up do not', async () => {
  const home = directory('stays', { 'compose.yaml': file() })
  const { code, out, err } = await interrupted(home, /hello/, 'up')
  assert.equal(code, 130, err)
  assert.match(out, /^app-1 {2}\| hello$/m)
  assert.match(err, /Gracefully stopping/)
  assert.equal(await running('stays'), '')
  assert.equal((await run(home, 'compose', 'up', '-d')).code, 0)
  assert.equal(await running('stays'), 'stays-app-1')
  assert.equal((await run(home, 'up')).code, 0)
  assert.equal((await run(home, 'compose', 'up', '--wait')).code, 0)
  assert.equal((await run(home, 'compose', 'down')).code, 0)
})

test('an attached up ends with the first container that ends or fails, and exits with the code that is asked for', async () => {
  const file = (test: string): string => `services:
  db: {image: box, command: sh -c 'trap "exit 0" TERM; sleep 1000 & wait'}
  test: {image: box, command: sh -c 'echo testing; sleep 0.3; ${test}', depends_on: [db]}
`
  const home = directory('ends', { 'compose.yaml': file('exit 7') })
  const failed = await run(home, 'compose', 'up', '--exit-code-from', 'test')
  assert.equal(failed.code, 7, failed.err)
  assert.match(failed.out, /^test-1 +\| testing$/m)
  assert.match(failed.err, /Aborting on container exit/)
  assert.equal(await running('ends'), '')
  assert.equal((await run(home, 'up', '--abort-on-container-failure')).code, 7)
  assert.equal((await run(home, 'up', '--abort-on-container-exit', '--exit-code-from', 'db')).code, 0)
  writeFileSync(`${home}/compose.yaml`, file('exit 0'))
  assert.equal((await run(home, 'up', '--abort-on-container-exit')).code, 0)
  assert.equal(await running('ends'), '')
  assert.match((await run(home, 'up', '-d', '--exit-code-from', 'test')).err, /--detach and --wait cannot be combined/)
  assert.equal((await run(home, 'down')).code, 0)
})

test('up and build of one service make the images that its build starts from, and none of their containers', async () => {
  const home = directory('below', {
    'compose.yaml': `services:
  app:
    build: {context: ., additional_contexts: {base: "service:middle"}, dockerfile_inline: "FROM base\\nRUN cat /word > /mine"}
    command: sleep 1000
    stop_grace_period: 0s
  middle:
    build: {context: ., additional_contexts: {base: "service:bottom"}, dockerfile_inline: "FROM base\\nRUN test -s /word"}
    command: sleep 1000
  bottom:
    image: below-bottom:1
    profiles: [never]
    build: {context: ., secrets: [word], dockerfile_inline: "FROM box\\nRUN --mount=type=secret,id=word cp /run/secrets/word /word"}
  other: {image: elsewhere, command: sleep 1000}
secrets: {word: {environment: WORD}}
`,
  })
  const given = { cwd: home, env: { WORD: 'from the bottom' } }
  const { code, err } = await instance.command(galley, ['up', '-d', 'app'], given)
  assert.equal(code, 0, err)
  assert.equal(await instance.ok('exec', 'below-app-1', 'cat', '/mine'), 'from the bottom')
  assert.equal(await instance.ok('ps', '-a', '--format', '{{.Names}}'), 'below-app-1')
  assert.deepEqual(await instance.command(galley, ['diff', 'app'], given), { code: 0, out: '', err: '' })
  assert.equal((await run(home, 'down', '--rmi', 'all')).code, 0)
  // What a profile has is another's.
  assert.equal(await instance.ok('images', '--filter', 'reference=below-*', '--format', '{{.Repository}}'), 'below-bottom')
  await instance.ok('rmi', 'below-bottom:1')
  const built = await instance.command(galley, ['build', 'app'], given)
  assert.equal(built.code, 0, built.err)
  assert.match(await instance.ok('images', '--format', '{{.Repository}}'), /below-app[^]*below-|below-[^]*below-app/)
})

test('build of a service behind a profile, and of one whose images below stand in the same file', async () => {
  const home = directory('named', {
    'compose.yaml': `services:
  hidden: {profiles: [never], build: {context: ., dockerfile_inline: "FROM box"}}
  app: {build: {context: ., additional_contexts: {base: "service:middle"}, dockerfile_inline: "FROM base"}}
  middle: {build: {context: ., additional_contexts: {base: "service:bottom"}, dockerfile_inline: "FROM base"}}
  bottom: {build: {context: ., dockerfile_inline: "FROM box"}}
`,
  })
  for (const [service, images] of [
    ['hidden', ['hidden']],
    ['app', ['app', 'bottom', 'middle']],
  ] as const) {
    const built = await run(home, 'compose', 'build', service)
    assert.equal(built.code, 0, built.err)
    const made = await instance.ok('images', '--filter', 'reference=named-*', '--format', '{{.Repository}}')
    assert.deepEqual(
      made.split('\n').toSorted(),
      images.map((image) => `named-${image}`),
    )
    await instance.ok('rmi', ...made.split('\n'))
  }
})

test('a service without containers leaves stop and its like nothing to do; one that is not in the file is refused, with exit code 1', async () => {
  const home = directory('without', { 'compose.yaml': `${file()}  behind: {image: box, profiles: [never]}\n` })
  for (const verb of ['stop', 'restart', 'kill', 'pause', 'unpause', 'logs', 'images', 'top'])
    for (const service of [[], ['app'], ['behind']]) {
      const { code, err } = await run(home, 'compose', verb, ...service)
      assert.deepEqual([code, err], [0, 'warning: project "without" has no containers\n'])
    }
  assert.equal((await run(home, 'compose', 'rm', '-f', 'app')).code, 0)
  for (const words of [
    ['stop', 'nobody'],
    ['start', 'app'],
    ['exec', 'app', 'true'],
    ['config', 'nobody'],
    ['ps', '--nonsense'],
  ])
    assert.equal((await run(home, 'compose', ...words)).code, 1, words.join(' '))
  const json = await run(home, 'compose', 'ps', '--nonsense', '--format', 'json')
  assert.equal((JSON.parse(json.err) as { exitCode: number }).exitCode, 1)
  assert.equal((await run(home, 'ps', '--nonsense')).code, 2)
})

test('exec takes a container of run where the service has no other, and pause refuses what is paused', async () => {
  const home = directory('single', { 'compose.yaml': file() })
  // It ends with its input, which stays open.
  assert.equal((await run(home, 'compose', 'run', '-d', 'app', 'cat')).code, 0)
  const inOneOff = await run(home, 'compose', 'exec', 'app', 'ps')
  assert.match(inOneOff.out, /\bcat\b/, inOneOff.err)
  assert.match((await run(home, 'compose', 'exec', '--index', '1', 'app', 'ps')).err, /service "app" is not running container #1/)
  assert.equal((await run(home, 'compose', 'up', '-d')).code, 0)
  assert.match((await run(home, 'compose', 'exec', 'app', 'ps')).out, /sleep 1000/)
  assert.equal((await run(home, 'compose', 'pause')).code, 0)
  const again = await run(home, 'compose', 'pause')
  assert.deepEqual([again.code, /already paused/.test(again.err)], [1, true], again.err)
  assert.equal((await run(home, 'compose', 'unpause')).code, 0)
  assert.equal((await run(home, 'compose', 'down', '--remove-orphans', '-t=0')).code, 0)
})

test('compose build and up print on standard output what builds print; galley build and run don’t', async () => {
  const home = directory('printing', {
    'compose.yaml':
      'services: {app: {build: {context: ., dockerfile_inline: "FROM box\\nARG WORD=$${none}\\nRUN echo says $$WORD"}, command: echo ran}}\n',
  })
  const { out, err } = await run(home, 'compose', '--verbose', 'build', '--no-cache', '--build-arg', 'WORD=${lost}')
  assert.match(out, /Step 3\/3 : RUN echo says \$WORD\n[^]*\| says \$\{lost\}\n/)
  assert.doesNotMatch(err, /says/)
  assert.equal((await run(home, 'compose', 'build', '--no-cache', '-q')).out, '')
  assert.match((await run(home, 'compose', '--progress', 'plain', 'up', '-d', '--build')).out, /Step 3\/3/)
  assert.equal((await run(home, 'build', '--no-cache')).out, '')
  assert.equal((await run(home, 'compose', 'run', '--rm', '--build', 'app')).out, 'ran\n')
  assert.equal((await run(home, 'compose', 'down')).code, 0)
  assert.equal((await run(home, 'compose', '-f', 'compose.yaml', 'ls', '-a')).code, 0)
})

test('run and exec take a bare variable’s value from the project’s .env, and none where it has none', async () => {
  const home = directory('bare', { '.env': 'FROM_FILE=file\nBOTH=file\n', 'compose.yaml': file() })
  const given = { cwd: home, env: { BOTH: 'shell' } }
  const words = ['-e', 'FROM_FILE', '-e', 'BOTH', '-e', 'NOWHERE']
  assert.equal((await run(home, 'compose', 'up', '-d')).code, 0)
  for (const verb of [
    ['run', '--rm'],
    ['exec', '-T'],
  ]) {
    const { out, err } = await instance.command(galley, ['compose', ...verb, ...words, 'app', 'env'], given)
    assert.match(out, /^FROM_FILE=file$/m, err)
    assert.match(out, /^BOTH=shell$/m)
    assert.doesNotMatch(out, /NOWHERE/)
  }
  assert.equal((await run(home, 'compose', 'down')).code, 0)
})

test('start starts what is depended on, too; an interrupted up of one service leaves what it depends on', async () => {
  const home = directory('below-it', {
    'compose.yaml': `${file()}  db: {image: box, init: true, command: sleep 1000}\n`.replace(
      'box, command',
      'box, depends_on: [db], command',
    ),
  })
  const { code, err } = await interrupted(home, /hello/, 'up', 'app')
  assert.equal(code, 130, err)
  assert.equal(await running('below-it'), 'below-it-db-1')
  assert.equal((await run(home, 'stop')).code, 0)
  assert.equal((await run(home, 'compose', 'start', 'app')).code, 0)
  assert.deepEqual((await running('below-it')).split('\n').toSorted(), ['below-it-app-1', 'below-it-db-1'])
  assert.equal((await run(home, 'down', '-t=0')).code, 0)
})
