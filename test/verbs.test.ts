import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { Instance } from './instance.ts'
import { galley, Projects } from './projects.ts'

/** What can be done with a project that is up. */
const instance = new Instance()
const { directory, run } = new Projects(instance)
let home = ''

const project = `
services:
  db: {image: box, command: sh -c 'trap "exit 0" TERM; sleep 1000 & wait', stop_grace_period: 2s}
  web:
    image: box
    command: sh -c 'trap "exit 0" TERM; echo up; httpd -p 80 -h /data; sleep 1000 & wait'
    stop_grace_period: 2s
    ports: ["127.0.0.1::80"]
    depends_on: [db]
`

before(async () => {
  await instance.start()
  await instance.importBox()
  home = directory('verbs', { 'compose.yaml': project })
  const { code, err } = await run(home, 'up')
  assert.equal(code, 0, err)
})

after(() => instance.stop())

async function states(): Promise<string> {
  const lines = await instance.ok('ps', '-a', '--format', '{{.Names}} {{.State}}', '--filter', 'label=com.docker.compose.project=verbs')
  return lines
    .split('\n')
    .toSorted()
    .join(', ')
    .replaceAll(/verbs-(\w+)-1/g, '$1')
}

test('stop and start go in the order of the dependencies, and say so', async () => {
  const stopped = await run(home, 'stop')
  assert.equal(stopped.code, 0, stopped.err)
  assert.ok(stopped.err.indexOf('Container verbs-web-1  Stopped') < stopped.err.indexOf('Container verbs-db-1  Stopping'), stopped.err)
  assert.equal(await states(), 'db exited, web exited')
  const started = await run(home, 'start')
  assert.ok(started.err.indexOf('Container verbs-db-1  Started') < started.err.indexOf('Container verbs-web-1  Starting'), started.err)
  assert.equal(await states(), 'db running, web running')
})

test('restart, kill, pause, unpause and rm reach the services that are named, and no others', async () => {
  const before = await instance.ok('inspect', '-f', '{{.State.StartedAt}}', 'verbs-web-1', 'verbs-db-1')
  assert.equal((await run(home, 'restart', '-t', '1', 'web')).code, 0)
  const now = await instance.ok('inspect', '-f', '{{.State.StartedAt}}', 'verbs-web-1', 'verbs-db-1')
  assert.deepEqual(
    now.split('\n').map((line, index) => line === before.split('\n')[index]),
    [false, true],
  )
  await run(home, 'pause', 'db')
  assert.equal(await states(), 'db paused, web running')
  await run(home, 'unpause')
  await run(home, 'kill', '-s', 'KILL', 'db')
  assert.equal(await states(), 'db exited, web running')
  const asked = await run(home, 'rm')
  assert.match(asked.err, /1 containers are to be removed\nhint: Say so with --force/)
  assert.equal((await run(home, 'rm', '-f')).code, 0)
  assert.equal(await states(), 'web running')
  assert.equal((await run(home, 'up')).code, 0)
})

test('exec passes streams and the exit code on, with a terminal too', async () => {
  const sent = await instance.command(
    galley,
    ['exec', '-T', '-e', 'A=b', '-w', '/tmp', 'web', 'sh', '-c', 'cat; echo $A $PWD; echo bad >&2; exit 7'],
    {
      cwd: home,
      input: 'given ',
    },
  )
  assert.deepEqual(sent, { code: 7, out: 'given b /tmp\n', err: 'bad\n' })
  // With an input that stays open: at its end, script may lose what is printed last.
  const line = `mkfifo open; script -qec "${galley} exec web sh -c 'tty; exit 3'" /dev/null 0<>open`
  const typed = await instance.command('sh', ['-c', line], { cwd: home, env: { TERM: 'xterm' } })
  assert.equal(typed.code, 3)
  assert.match(typed.out, /\/dev\/pts\/\d+\r+\n/)
  const over = directory('over', {
    'compose.yaml': 'services:\n  job: {image: box, command: "true"}\n  tool: {image: box, profiles: [tools]}\n',
  })
  await run(over, 'up')
  await instance.ok('wait', 'over-job-1')
  const late = await run(over, 'exec', 'job', 'true')
  assert.equal(late.code, 5)
  assert.match(late.err, /galley: service "job" is not running\nhint: galley why job tells why\./)
  assert.match((await run(over, 'up', 'tol')).err, /no such service: tol\nhint: Did you mean tool\?/)
  const absent = await run(home, 'exec', 'nobody', 'true')
  assert.match(absent.err, /no such service: nobody\nhint: There is db, web/)
  assert.equal((await run(home, 'exec', 'web', 'no-such-program')).code, 127)
})

test('run on a terminal that is asked for fails where its input is none, as with docker compose, and makes no container', async () => {
  const before = await instance.ok('ps', '-aq', '--no-trunc')
  for (const [verb, code] of [
    [['run'], 2],
    [['compose', 'run'], 1],
  ] as const)
    for (const words of [['--tty'], ['-t'], ['-it'], ['--tty=true'], ['--no-TTY=false'], ['-T=false'], ['-d', '-t']]) {
      const refused = await instance.command(galley, [...verb, '--rm', ...words, 'web', 'true'], { cwd: home, input: 'piped' })
      assert.equal(refused.code, code, words.join(' '))
      assert.match(refused.err, /the input device is not a TTY/)
    }
  assert.match((await run(home, 'run', '--rm', '-t', '-T', 'web', 'true')).err, /--tty and --no-TTY can't be used together/)
  assert.equal(await instance.ok('ps', '-aq', '--no-trunc'), before)
  for (const words of [[], ['-i'], ['--tty=false'], ['-T']]) {
    const piped = await instance.command(galley, ['run', '--rm', ...words, 'web', 'sh', '-c', 'cat; tty'], { cwd: home, input: 'piped ' })
    assert.equal(piped.out, 'piped not a tty\n', words.join(' '))
  }
  assert.match((await run(home, 'run', '--rm', '-t', '--interactive=false', 'web', 'tty')).out, /^\/dev\/pts\/\d+\r\n$/)
  const line = `[ -e open ] || mkfifo open; script -qec "${galley} run --rm -t web tty" /dev/null 0<>open`
  assert.match((await instance.command('sh', ['-c', line], { cwd: home, env: { TERM: 'xterm' } })).out, /\/dev\/pts\/\d+\r+\n/)
})

test('what is asked for in a way that no verb takes is refused, with what to write instead', async () => {
  const refused = async (...args: string[]): Promise<string> => {
    const { code, err } = await run(home, ...args)
    assert.notEqual(code, 0)
    return err
  }
  assert.match(await refused('down', 'nobody'), /^galley: no such service: nobody\nhint: There is db, web\.\n/)
  assert.match(await refused('-p', 'verbs', 'ps'), /^galley: '-p' is not a galley command\nhint: Options stand behind the command/)
  assert.match(await refused('logs', '--tail', 'few'), /^galley: --tail takes a number of lines, or all, not "few"\n/)
  assert.match(await refused('up', '-f', 'nowhere.yml'), /^galley: there is no file nowhere\.yml\n/)
  assert.match(await refused('cp', '/nowhere', 'web:/'), /^galley: there is no file \/nowhere\nmore: galley explain file\.absent\n$/)
  assert.match(await refused('cp', 'web:/etc/hosts', '/nowhere/hosts'), /^galley: there is no directory \/nowhere\n/)
  assert.match(await refused('explain', 'localhost'), /hint: Did you mean localhost-for-another-service, /)
  assert.match(await refused('explain', 'OOMKilled'), /hint: Did you mean .*memory-limit-reached/)
})

test('port, top, images, ps and ls tell what is there', async () => {
  const address = (await run(home, 'port', 'web', '80')).out
  assert.match(address, /^127\.0\.0\.1:\d+\n$/)
  assert.match(await instance.fetched(`http://${address.trim()}/seed`), /from the image/)
  assert.match((await run(home, 'port', 'web', '81')).err, /no port 81\/tcp for service web\nhint: Published is 80\/tcp/)
  assert.match((await run(home, 'top', 'web')).out, /^verbs-web-1\nUID[^\n]+\n(.|\n)*httpd -p 80/)
  assert.match((await run(home, 'images')).out, /verbs-db-1 +box +latest +linux\/\S+ +[0-9a-f]{12} /)
  assert.match((await run(home, 'ls')).out, /^NAME +STATUS +CONFIG FILES\nverbs +running\(2\) +\/.*compose.yaml\n$/)
  assert.equal((await run(home, 'ls', '-q')).out, 'verbs\n')
})

test('events tell what happens to a project until then', async () => {
  const since = String(Date.now() / 1000)
  await run(home, 'restart', '-t', '1', 'db')
  const { out } = await run(home, 'events', '--since', since, '--until', String(Date.now() / 1000), 'db')
  assert.match(out, /container die [0-9a-f]{12} \(name=verbs-db-1, image=box\)\n(.|\n)*container start/)
  assert.doesNotMatch(out, /web/)
})

test('galley compose takes the options of the project before the verb', async () => {
  const { code, out } = await instance.command(galley, ['compose', '-f', `${home}/compose.yaml`, '-p', 'verbs', 'ps', '-a'], { cwd: '/' })
  assert.equal(code, 0)
  assert.match(out, /verbs-web-1/)
  assert.equal((await run('/', 'logs', '--no-log-prefix', '-n', '1', home, 'web')).out, 'up\n')
  assert.equal((await run(home, 'compose', 'logs', '--no-log-prefix', '-n', '1', 'web')).out, 'up\n')
  const unknown = await run(home, 'compose', 'stopp')
  assert.match(unknown.err, /galley compose stopp is not implemented by Galley\nhint: Did you mean stop\?/)
})

test('a reader that has enough of it ends a command without a word', async () => {
  const loud = directory('loud', {
    'compose.yaml': 'services:\n  a: {image: box, command: sh -c "seq 100000; sleep 1000", stop_grace_period: 0s}\n',
  })
  assert.equal((await run(loud, 'up', '-d')).code, 0)
  const line = `${galley} logs --no-log-prefix -f a | head -n 1`
  assert.deepEqual(await instance.command('sh', ['-c', line], { cwd: loud }), { code: 0, out: '1\n', err: '' })
  assert.equal((await run(loud, 'down')).code, 0)
})

test('wait exits with the code of the first service that ends', async () => {
  const jobs = directory('jobs', { 'compose.yaml': 'services:\n  job: {image: box, command: sh -c "sleep 1; exit 4"}\n' })
  assert.equal((await run(jobs, 'up', '-d')).code, 0)
  assert.deepEqual(await run(jobs, 'wait', 'job'), { code: 4, out: 'container "jobs-job-1" exited with status code 4\n', err: '' })
  assert.equal((await run(jobs, 'down')).code, 0)
})

test('down takes services, a time to stop, and images that were built for the project', async () => {
  const built = directory('built', {
    Dockerfile: 'FROM box\nCMD ["sleep", "1000"]\n',
    'compose.yaml': 'services:\n  a: {build: .}\n  b: {image: box, command: sleep 1000}\n',
  })
  assert.equal((await run(built, 'up', '-d')).code, 0)
  assert.equal((await run(built, 'down', '-t', '0', '.', 'b')).code, 0)
  assert.equal(await instance.ok('ps', '--format', '{{.Names}}', '--filter', 'label=com.docker.compose.project=built'), 'built-a-1')
  const { code, err } = await run(built, 'down', '-t', '0', '--rmi', 'local')
  assert.equal(code, 0, err)
  assert.match(err, /Image built-a {2}Removed/)
  assert.equal(await instance.ok('images', '-q', 'built-a'), '')
  assert.notEqual(await instance.ok('images', '-q', 'box'), '')
})

test('what stands before the verb of compose is carried out or refused by name', async () => {
  const spare = directory('spare', { 'compose.yaml': 'services:\n  a:\n    image: box\nvolumes:\n  unused: {}\n' })
  assert.doesNotMatch((await run(spare, 'compose', 'config')).out, /unused/)
  assert.match((await run(spare, 'compose', '--all-resources', 'config')).out, /unused/)
  assert.match((await run(spare, 'compose', '--all-resources', 'ps')).err, /--all-resources of ps is not implemented by Galley/)
  assert.equal((await run(spare, 'up', '--all-resources', '--explain')).out, 'docker compose --all-resources up --detach --wait\n')
  writeFileSync(`${spare}/compose.yaml`, 'volumes: {unused: }\nnetworks: {net: }\n')
  assert.match((await run(spare, 'up')).err, /no service is declared/)
  const { code, err } = await run(spare, 'compose', '--all-resources', 'up')
  assert.equal(code, 0, err)
  assert.match(err, /^ Volume spare_unused {2}Created$/m)
  assert.match(err, /^ Network spare_net {2}Created$/m)
  assert.equal(
    await instance.ok('network', 'ls', '--format', '{{.Name}}', '--filter', 'label=com.docker.compose.project=spare'),
    'spare_net',
  )
  assert.match((await run(spare, 'compose', '-p', 'spare', 'down', '-v')).err, /^ Volume spare_unused {2}Removed$/m)
  assert.match((await run(spare, 'compose', '--progress', 'rawjson', 'up')).err, /--progress=rawjson is not implemented by Galley/)
})
