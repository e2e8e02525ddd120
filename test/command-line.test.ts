import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { Instance, type Outcome } from './instance.ts'
import { galley, Projects } from './projects.ts'

/** What galley's own commands say when they are asked for help or called wrongly. */
const instance = new Instance()
const { directory, run } = new Projects(instance)

before(() => instance.start())
after(() => instance.stop())

test('every command explains itself, and help about it says the same', async () => {
  const { out } = await instance.galley('help')
  const commands = new Set(
    [...out.matchAll(/^ {2}([a-z]+) /gm)].map(([, name]) => name ?? '').filter((name) => !['help', 'version'].includes(name)),
  )
  assert.ok(commands.has('up') && commands.size > 8, out)
  for (const command of commands) {
    const told = await instance.galley('help', command)
    assert.equal(told.code, 0)
    assert.match(told.out, new RegExp(`^Usage: galley ${command}\\b`))
    assert.deepEqual(await instance.galley(command, '--help'), told)
  }
})

test('a slip of the hand is answered with what was meant', async () => {
  const cases: readonly (readonly [args: readonly string[], message: RegExp])[] = [
    [['upp'], /'upp' is not a galley command\nhint: Did you mean up\?/],
    [['up', '--bild'], /unknown option --bild\nhint: Did you mean --build\?/],
    [['daemon', 'status', '--rnu', 'x'], /unknown option --rnu\nhint: Did you mean --run\?/],
    [['daemon', 'strat'], /unexpected argument 'strat'\nhint: Did you mean start\?/],
    [['daemon', 'dance'], /unexpected argument 'dance'\nhint: galley daemon --help/],
    [['registry', 'satrt'], /unknown verb 'satrt'\nhint: Did you mean start\?/],
    [
      ['login'],
      /'login' is not a galley command\nhint: docker does that, and works with Galley: eval "\$\(galley env\)", then docker login\n/,
    ],
    [['ls', 'here'], /unexpected argument 'here'/],
    [['up', '--timeout'], /'--timeout <value>' argument missing/],
    [['down', '-p', 'Bad/Name'], /invalid project name "Bad\/Name"/],
    [['daemon', 'start', '--pool', 'everything'], /^galley: invalid subnet: everything\n/],
  ]
  for (const [args, message] of cases) {
    const { code, err } = await instance.galley(...args)
    assert.match(err, message)
    assert.equal(code, 2, args.join(' '))
  }
})

test('help about help is help, and -v the version', async () => {
  const overview = await instance.galley('help')
  for (const words of [
    ['help', 'help'],
    ['help', '--help'],
    ['--help', '-h'],
  ])
    assert.deepEqual(await instance.galley(...words), overview)
  assert.deepEqual(await instance.galley('-v'), await instance.galley('--version'))
})

test('run of an image where there is no project says which command runs images', async () => {
  const { code, err } = await run(directory('bare', {}), 'run', '--rm', 'ubuntu', 'bash')
  assert.equal(code, 3)
  assert.match(err, /^galley: there is no Compose file here .* ubuntu\nhint: An image\? docker does that, .*, then docker run ubuntu\n/)
})

test('a daemon that does not start says why, not only where to read it', async () => {
  const { code, err } = await instance.galley('daemon', 'start', '--data', '/etc/passwd/data', '--run', `${instance.home}/other`)
  assert.equal(code, 1)
  assert.match(
    err,
    /^galley: the daemon did not start: \/etc\/passwd.*: not a directory\nhint: Make it writable, or name another directory/,
  )
  const nowhere = await instance.galley('daemon', 'start', '--data', '/proc/data', '--run', `${instance.home}/other`)
  assert.match(nowhere.err, /^galley: the daemon did not start: \/proc\/data cannot be made: its file system takes no directories\n/)
})

test('where there is no project, up says what it looks for, and down and logs how to name one', async () => {
  const home = directory('empty', {})
  const up = await run(home, 'up')
  assert.equal(up.code, 3)
  assert.match(up.err, /no Compose file and no Dockerfile in .*empty\nhint: Galley looks for compose\.yaml/)
  directory('empty/examples/flask', {})
  assert.match(
    (await run(home, 'up', 'exmaples')).err,
    /there is no directory exmaples, and no Compose file in .*\nhint: Did you mean examples\?\n/,
  )
  assert.match(
    (await run(home, 'up', './exmaples/flask')).err,
    /there is no directory .*exmaples\/flask\nhint: Did you mean examples\/flask\?\n/,
  )
  assert.match((await run(home, 'up', 'nothing')).err, /there is no directory nothing, and no Compose file in .*\nmore: /)
  for (const command of ['down', 'logs'])
    assert.match((await run(home, command)).err, /here\nhint: Go to the project, or name it: -p NAME\./)
  assert.equal((await run(home, 'down', '-p', 'nosuch')).err, 'warning: No resource found to remove for project "nosuch".\n')
  assert.match((await run(home, 'logs', '-p', 'nosuch')).err, /project "nosuch" has no containers/)
})

test('an error says by what to look it up, and what that tells is there in both languages', async () => {
  const home = directory('ports', { 'compose.yaml': 'services: {a: {image: absent, pull_policy: never, command: sleep 9}}' })
  const cases: readonly (readonly [args: readonly string[], id: string])[] = [
    [['upp'], 'cli.unknown-command'],
    [['up', '--bild'], 'cli.arguments'],
    [['logs', 'nobody'], 'compose.no-service'],
    [['exec', 'a', 'true'], 'compose.no-containers'],
    [['events', '--since', 'then'], 'cli.option-value'],
    [['up', '-f', 'absent.yaml'], 'compose.no-file'],
    [['pull', 'nobody'], 'compose.no-service'],
    // These come from the daemon, by the two ways in which it answers.
    [['registry', 'start', '--listen', '192.0.2.1:5000'], 'registry.tls'],
    [['run', 'a'], 'image.not-found'],
  ]
  for (const [args, id] of cases) {
    const { err } = await run(home, ...args)
    assert.ok(err.endsWith(`\nmore: galley explain ${id}\n`), err)
    const { code, out } = await run(home, 'explain', id)
    assert.equal(code, 0)
    assert.match(out, new RegExp(`^${id}: .*\n  Why: .*\n  Try: .*\n  Read: docs/`))
    const korean = await instance.command(galley, ['explain', id], { cwd: home, env: { LANG: 'ko_KR.UTF-8' } })
    assert.match(korean.out, /[가-힣]/)
  }
  const json = await run(home, 'up', '--bild', '-o', 'json')
  const { type, id, exitCode, message } = JSON.parse(json.err) as Record<string, unknown>
  assert.deepEqual([type, id, exitCode, message], ['error', 'cli.arguments', 2, 'unknown option --bild'])
  assert.equal(json.code, 2)
})

test('explain lists errors and rules, and finds a rule under its name', async () => {
  const { out } = await run('/', 'explain')
  for (const id of ['port.taken', 'untagged-image', 'JSONArgsRecommended']) assert.match(out, new RegExp(`^${id} `, 'm'))
  assert.match((await run('/', 'explain', 'untagged-image')).out, /^# .*\n\n\*\*untagged-image\*\*/)
  const unknown = await run('/', 'explain', 'port.takne')
  assert.equal(unknown.code, 3)
  assert.match(unknown.err, /hint: Did you mean port\.taken\?/)
})

const nobody = ['--reuid=65534', '--regid=65534', '--clear-groups']
const isReachable = spawnSync('setpriv', [...nobody, 'test', '-x', galley]).status === 0
const skip = isReachable ? false : 'another user cannot reach this checkout'

test('who may not use the socket, or is not root where root is needed, is told so', { skip }, async () => {
  const asNobody = (...args: string[]): Promise<Outcome> => instance.command('setpriv', [...nobody, galley, ...args], { cwd: '/' })
  chmodSync(instance.home, 0o711)
  const { code, err } = await asNobody('ps')
  assert.equal(code, 4)
  assert.match(err, /^galley: permission denied at .*docker\.sock\nhint: Run it as root/)
  assert.match(
    (await asNobody('daemon', 'stop', '--run', instance.run)).err,
    /^galley: only root can do this\nhint: sudo galley daemon stop --run /,
  )
})

test('directories of an instance may be named from where one stands', async () => {
  const home = directory('elsewhere', {})
  const place = ['--data', 'data', '--run', 'run', '--pool', '10.198.0.0/16']
  assert.match((await run(home, 'daemon', 'start', ...place)).out, new RegExp(`socket ${home}/run/docker.sock`))
  assert.equal((await run('/', 'daemon', 'status', '--run', `${home}/run`)).code, 0)
  assert.equal((await run(home, 'daemon', 'uninstall', ...place)).code, 0)
})

test('paths of an error are told from where the command was called', async () => {
  const told = directory('told', { 'compose.yaml': 'services:\n  a: {image: box, env_file: none.env}\n' })
  assert.match((await run(told, 'config')).err, /^galley: compose\.yaml:2:\d+: env file none\.env not found\n/)
})
