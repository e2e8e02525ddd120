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
    [['daemon', 'stat'], /unexpected argument 'stat'/],
    [['ps', 'here', 'there'], /unexpected argument 'there'/],
    [['up', '--timeout'], /'--timeout <value>' argument missing/],
    [['down', '-p', 'Bad/Name'], /invalid project name "Bad\/Name"/],
  ]
  for (const [args, message] of cases) {
    const { code, err } = await instance.galley(...args)
    assert.match(err, message)
    assert.equal(code, 2, args.join(' '))
  }
})

test('where there is no project, up says what it looks for, and down and logs how to name one', async () => {
  const home = directory('empty', {})
  const up = await run(home, 'up')
  assert.equal(up.code, 3)
  assert.match(up.err, /no Compose file and no Dockerfile in .*empty\nhint: Galley looks for compose\.yaml/)
  for (const command of ['down', 'logs'])
    assert.match((await run(home, command)).err, /here\nhint: Go to the project, or name it: -p NAME\./)
  assert.equal((await run(home, 'down', '-p', 'nosuch')).err, 'warning: No resource found to remove for project "nosuch".\n')
  assert.match((await run(home, 'logs', '-p', 'nosuch')).err, /project "nosuch" has no containers/)
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
