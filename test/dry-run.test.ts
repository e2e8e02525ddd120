import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { systemClock } from '#base/clock.ts'
import { composeVerbs, verbs } from '#cli/commands.ts'
import { freePorts } from './free-ports.ts'
import { Instance } from './instance.ts'
import { Projects } from './projects.ts'

/** `--dry-run` of every verb: what would happen is told, and nothing happens. */
const instance = new Instance()
const { directory, run } = new Projects(instance)
const host = `127.0.0.1:${await freePorts()}`

const file = `services:
  db: {image: "${host}/dry/box:1", command: sleep 1000, stop_grace_period: 0s, volumes: ["data:/kept"]}
  app:
    build: .
    image: ${host}/dry/app
    command: sleep 1000
    stop_grace_period: 0s
    depends_on: [db]
    develop: {watch: [{path: src, action: sync, target: /src}]}
  done: {image: "${host}/dry/box:1", command: "true"}
volumes: {data: {}}
`

/** What each verb is given, and what it says it would do. */
const given: Readonly<Record<string, readonly [args: readonly string[], says: RegExp]>> = {
  up: [['--force-recreate'], /Container dry-app-1 {2}recreate/],
  create: [['--force-recreate'], /Container dry-db-1 {2}recreate/],
  down: [
    ['-v'],
    /Container dry-app-1 {2}remove\n.*Container dry-db-1 {2}remove\n.*Network dry_default {2}remove\n.*Volume dry_data {2}remove/,
  ],
  build: [[], /Image 127\.0\.0\.1:\d+\/dry\/app {2}build/],
  pull: [[], /Image 127\.0\.0\.1:\d+\/dry\/box:1 {2}pull/],
  push: [[], /Image 127\.0\.0\.1:\d+\/dry\/app {2}push/],
  publish: [['127.0.0.1:1/dry/project:1'], /Project 127\.0\.0\.1:1\/dry\/project:1 {2}publish\n {5}compose\.yaml/],
  run: [['--rm', 'app', 'touch', '/made'], /Container dry-app-run-\w+ {2}create and start/],
  exec: [['app', 'touch', '/made it'], /Container dry-app-1 {2}run a command inside\n {5}touch '\/made it'/],
  cp: [['compose.yaml', 'app:/tmp'], /Container dry-app-1 {2}copy compose\.yaml to \/tmp/],
  watch: [[], /Service app {2}watch\n {5}sync: src → \/src/],
  start: [[], /^ DRY-RUN MODE - {2}Container dry-done-1 {2}start\n$/],
  stop: [[], /Container dry-app-1 {2}stop\n.*Container dry-db-1 {2}stop/],
  restart: [[], /Container dry-db-1 {2}restart\n.*Container dry-app-1 {2}restart/],
  kill: [[], /Container dry-app-1 {2}kill/],
  pause: [[], /Container dry-app-1 {2}pause/],
  unpause: [[], /Container dry-app-1 {2}unpause/],
  rm: [['--stop'], /Container dry-app-1 {2}stop and remove/],
  wait: [['--down-project', 'app'], /Container dry-app-1 {2}wait until the first one ends\n(?:.*\n)*.*Container dry-app-1 {2}remove/],
  scale: [['app=2'], /Container dry-app-2 {2}create/],
  attach: [['app'], /Container dry-app-1 {2}attach/],
  export: [['app', '-o', 'files.tar'], /Container dry-app-1 {2}export to files\.tar/],
  commit: [['app', 'made'], /Container dry-app-1 {2}commit as made/],
}

/** What the verbs print that only look. */
const looking = ['ps', 'logs', 'top', 'port', 'images', 'events', 'config', 'diff', 'why', 'lint', 'ls', 'stats', 'volumes', 'version']

let home = ''
before(async () => {
  await instance.start()
  await instance.importBox()
  const { code: listens, err: why } = await instance.galley('registry', 'start', '--listen', host, '--anonymous', 'push')
  assert.equal(listens, 0, why)
  await instance.ok('tag', 'box', `${host}/dry/box:1`)
  await instance.ok('push', `${host}/dry/box:1`)
  home = directory('dry', { 'compose.yaml': file, Dockerfile: 'FROM box\n', 'src/a': '' })
  const { code, err } = await run(home, 'up', '-d')
  assert.equal(code, 0, err)
  await instance.ok('push', `${host}/dry/app`)
  // It ends by itself, which no dry run is to be blamed for.
  const now = (): string => String(systemClock.now() / 1000)
  await instance.until(
    () => instance.ok('events', '--since', '0', '--until', now(), '--filter', 'container=dry-done-1', '--filter', 'event=die'),
    (ended) => ended !== '',
  )
})

after(() => instance.stop())

/** All that is there, and all that happens until it is let go. */
async function watched(): Promise<() => Promise<unknown>> {
  const since = systemClock.now() / 1000
  const look = async (): Promise<string> =>
    (
      await Promise.all([
        instance.ok('ps', '-a', '--no-trunc', '--format', '{{.ID}} {{.Names}} {{.State}}'),
        instance.ok('images', '-a', '--no-trunc', '--format', '{{.ID}} {{.Repository}}:{{.Tag}}'),
        instance.ok('network', 'ls', '--no-trunc', '--format', '{{.ID}} {{.Name}}'),
        instance.ok('volume', 'ls', '--format', '{{.Name}}'),
        instance.ok('diff', 'dry-app-1'),
      ])
    )
      .flatMap((text) => text.split('\n').toSorted())
      .join('\n')
  const beforehand = await look()
  return async () => {
    const until = systemClock.now() / 1000
    const events = await instance.ok('events', '--since', String(since), '--until', String(until))
    assert.equal(events, '')
    assert.equal(await look(), beforehand)
    return undefined
  }
}

test('every verb that changes something has --dry-run', async () => {
  assert.deepEqual(
    Object.keys(composeVerbs).filter((name) => !Object.hasOwn(given, name) && !looking.includes(name)),
    [],
  )
  for (const [name, load] of Object.entries(composeVerbs))
    assert.equal('dry-run' in (await load()).syntax.options, Object.hasOwn(given, name), name)
})

for (const [verb, [args, says]] of Object.entries(given))
  test(`${verb} --dry-run tells what would happen, and does nothing`, async () => {
    const unchanged = await watched()
    const before = await run(home, 'compose', '--dry-run', verb, ...args)
    assert.equal(before.code, 0, before.err)
    assert.match(before.err, says)
    assert.match(before.err, /^ DRY-RUN MODE - {2}/m)
    const behind = await run(home, 'compose', verb, '--dry-run', ...args)
    assert.equal(behind.code, 0, behind.err)
    if (Object.hasOwn(verbs, verb) && verb !== 'export') {
      const own = await run(home, verb, '--dry-run', ...(verb === 'build' ? [] : ['-o', 'json']), ...args)
      assert.equal(own.code, 0, own.err)
      if (verb !== 'build') assert.ok(Array.isArray((JSON.parse(own.out) as { planned: unknown }).planned), own.out)
    }
    await unchanged()
    assert.ok(!existsSync(`${home}/files.tar`))
  })

test('verbs that only look take --dry-run for nothing, and what stands behind the service of exec is another program’s', async () => {
  for (const verb of ['ps', 'ls', 'images']) assert.equal((await run(home, 'compose', verb, '--dry-run')).code, 0, verb)
  const inside = await run(home, 'compose', 'exec', '-T', 'app', 'echo', '--dry-run')
  assert.equal(inside.out, '--dry-run\n')
})

test('-o json is for --dry-run: what is done is told by --json', async () => {
  const { code, err } = await run(home, 'stop', '-o', 'yaml')
  assert.equal(code, 2, err)
  assert.match(err, /-o is for --dry-run\nhint: What is done/)
  assert.match(await instance.ok('ps', '--format', '{{.Names}}'), /dry-app-1/)
})

test('pull --dry-run fails where the registry does not have an image, or nobody answers, and tells of all that it would not get', async () => {
  const unchanged = await watched()
  const lost = directory('lost', {
    'compose.yaml': `services:
  here: {image: "${host}/dry/box:1"}
  gone: {image: "${host}/dry/gone:1"}
  away: {image: "127.0.0.1:9/dry/away:1"}
`,
  })
  const { code, err } = await run(lost, 'pull', '--dry-run')
  assert.equal(code, 3, err)
  assert.match(err, /Image 127\.0\.0\.1:\d+\/dry\/box:1 {2}pull\n/)
  assert.match(err, /dry\/gone/)
  assert.match(err, /127\.0\.0\.1:9\/dry\/away/)
  const spared = await run(lost, 'pull', '--dry-run', '--ignore-pull-failures', '-o', 'json')
  assert.equal(spared.code, 0, spared.err)
  assert.equal((JSON.parse(spared.out) as { warnings: unknown[] }).warnings.length, 2, spared.out)
  await unchanged()
})

test('push --dry-run fails for an image that is not built yet, and where nobody answers, and not for one that is new to the registry', async () => {
  const made = { Dockerfile: 'FROM box\n' }
  const fresh = directory('fresh', { ...made, 'compose.yaml': `services: {app: {build: ., image: "${host}/dry/fresh:1"}}\n` })
  const early = await run(fresh, 'push', '--dry-run')
  assert.equal(early.code, 3, early.err)
  assert.match(early.err, /An image does not exist locally with the tag/)
  assert.equal((await run(fresh, 'build')).code, 0)
  const unchanged = await watched()
  const first = await run(fresh, 'push', '--dry-run')
  assert.equal(first.code, 0, first.err)
  assert.match(first.err, /dry\/fresh:1 {2}push/)
  await unchanged()
  const far = directory('far', { ...made, 'compose.yaml': 'services: {app: {build: ., image: "127.0.0.1:9/dry/far:1"}}\n' })
  assert.equal((await run(far, 'build')).code, 0)
  const { code, err } = await run(far, 'push', '--dry-run')
  assert.equal(code, 1, err)
  assert.match(err, /127\.0\.0\.1:9/)
  assert.equal((await run(far, 'push', '--dry-run', '--ignore-push-failures')).code, 0)
})

test('cp --dry-run fails for what is not there, here and inside, and does nothing', async () => {
  const unchanged = await watched()
  const refused: readonly (readonly [from: string, to: string, says: RegExp])[] = [
    ['absent', 'app:/tmp', /there is no file .*absent/],
    ['compose.yaml', 'app:/absent/deep', /there is no \/absent in the container/],
    ['app:/absent', '.', /there is no \/absent in the container/],
    ['app:/tmp', 'absent/deep', /there is no directory .*absent/],
    ['-', 'app:/absent', /destination "\/absent" must be a directory/],
  ]
  for (const [from, to, says] of refused) {
    const { code, err } = await run(home, 'cp', '--dry-run', from, to)
    assert.notEqual(code, 0, `${from} ${to}`)
    assert.match(err, says)
    assert.equal((await run(home, 'cp', from, to)).code, code, `${from} ${to}, done`)
  }
  for (const [from, to] of [
    ['app:/bin', '.'],
    ['compose.yaml', 'app:/tmp/other'],
    ['-', 'app:/tmp'],
  ] as const) {
    const { code, err } = await run(home, 'cp', '--dry-run', from, to)
    assert.equal(code, 0, err)
  }
  await unchanged()
})
