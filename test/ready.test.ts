import assert from 'node:assert/strict'
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, readSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { after, before, test } from 'node:test'
import { sleep, systemClock } from '#base/clock.ts'
import { Instance, type Given, type Outcome } from './instance.ts'

/** Commands that a copy of the ready process carries out: nothing but their time tells them from others. */
const instance = new Instance()
const ready = `${instance.run}/ready.sock`
const project = `${instance.home}/project`
const galley = `${process.cwd()}/galley`

before(async () => {
  await instance.start()
  await instance.importBox()
  const text = readFileSync(hurried, 'utf8')
  writeFileSync(script, text.replace('$patience = 1;', '$patience = 100;'))
  assert.notEqual(readFileSync(script, 'utf8'), text)
  mkdirSync(project)
  writeFileSync(
    `${project}/compose.yaml`,
    'services: {one: {image: box, command: [sh, -c, "echo begun; exec sleep 1000"], stop_grace_period: 0s, environment: {W: "$WORD"}}}\n',
  )
  assert.equal((await instance.command(galley, ['up', '-d'], { cwd: project })).code, 0)
  await stands()
})
after(async () => {
  rmSync(script, { force: true })
  await instance.stop()
})

const stands = (): Promise<boolean> => instance.until(() => existsSync(ready), Boolean)

const [hurried, program] = [`${process.cwd()}/packaging/hand-over.pl`, `${process.cwd()}/dist/cli/main.js`]
/** The same with all patience: a machine that is busy must not make it go the ordinary way. */
const script = `${tmpdir()}/galley-hand-over-${process.pid}.pl`
/** As the launcher hands over, but that the ordinary way says that it was gone. */
const handOver = ['/usr/bin/perl', script, ready, '/bin/echo', 'ordinary', program] as const
const wentTheOrdinaryWay = /^ordinary /

function handedOver(
  args: readonly string[],
  { before: wrapper = [], ...given }: Given & { readonly before?: readonly string[] } = {},
): Promise<Outcome> {
  const [first = '', ...rest] = [...wrapper, ...handOver, ...args]
  return instance.command(first, rest, { cwd: project, ...given, env: { PERL_BADLANG: '0', ...given.env } })
}

/** The ready process and the commands that run in copies of it. */
function processes(): number[] {
  const isOne = (pid: string): boolean => {
    try {
      return (
        readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(`ready.js\0${instance.run}`) &&
        !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
      )
    } catch {
      return false
    }
  }
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && isOne(name))
    .map(Number)
    .toSorted((a, b) => a - b)
}

/** The one of them that stands ready, and the one that is a command. */
function standing(): readonly [ready: number, command: number] {
  const all = processes()
  const parents = new Map(all.map((pid) => [pid, parentOf(pid)]))
  const isCopy = (pid: number): boolean => parents.has(parents.get(pid) ?? 0)
  return [all.find((pid) => !isCopy(pid) && parents.get(pid) !== undefined) ?? 0, all.find(isCopy) ?? 0]
}

/** Undefined of one that has gone: a copy ends a moment after its caller. */
function parentOf(pid: number): number | undefined {
  try {
    return Number(/^PPid:\s+(\d+)$/m.exec(statusOf(pid))?.[1])
  } catch {
    return undefined
  }
}

const statusOf = (pid: number): string => readFileSync(`/proc/${pid}/status`, 'utf8')

/** Starts a command that goes on and shows what the container wrote; resolves when it has: it reads from the daemon then, and its caller hears signals. */
async function goesOn(before: readonly string[], ...args: string[]): Promise<ChildProcess> {
  const [first = '', ...rest] = [...before, ...handOver, ...args]
  const child = spawn(first, rest, { cwd: project, env: { PATH: process.env['PATH'], GALLEY_SOCKET: instance.socket } })
  const hears = (): boolean => (BigInt(`0x${/^SigCgt:\s+(\w+)$/m.exec(statusOf(child.pid ?? 0))?.[1]}`) & (1n << 19n)) !== 0n
  let shown = ''
  child.stdout.on('data', (chunk: Buffer) => (shown += String(chunk)))
  await instance.until(() => shown.includes('begun') && processes().length === 2 && hears(), Boolean)
  return child
}

const ends = async (child: ChildProcess): Promise<unknown> => await once(child, 'exit')

const alike: Readonly<Record<string, readonly [args: readonly string[], given?: Given]>> = {
  'what there is': [['ps', '-q']],
  'a file from standard input': [['config', '-f', '-'], { input: 'services: {a: {image: "x:$TAG"}}', env: { TAG: '3' } }],
  'an option that is none': [['config', '--nosuch']],
  'a command that is none, in Korean': [['nosuch'], { env: { LC_ALL: 'ko_KR.UTF-8' } }],
  'a locale that is not installed': [['version'], { env: { LC_ALL: 'xx_YY' } }],
  'a directory without a project': [['config'], { cwd: '/' }],
  'an error as JSON': [['logs', 'nosuch', '--progress=json']],
  'the version': [['--version']],
  help: [['help', 'up']],
  'a variable of the launcher': [['config'], { env: { WORD: 'a b', MALLOC_ARENA_MAX: '7', PERL_BADLANG: '1' } }],
  'an attached project that ends': [['up', '--abort-on-container-exit'], { cwd: `${instance.home}/ending` }],
}

for (const [what, [args, given]] of Object.entries(alike)) {
  test(`the same comes of a command either way: ${what}`, async () => {
    mkdirSync(`${instance.home}/ending`, { recursive: true })
    writeFileSync(
      `${instance.home}/ending/compose.yaml`,
      'services: {end: {image: box, command: "sh -c \'exit 3\'", stop_grace_period: 0s}}\n',
    )
    const run = (env: Readonly<Record<string, string>>): Promise<Outcome> =>
      instance.command(galley, args, { cwd: project, ...given, env: { ...given?.env, ...env } })
    // The first one of an attached project makes it.
    await run({ GALLEY_NO_READY: '1' })
    const ordinary = await run({ GALLEY_NO_READY: '1' })
    assert.deepEqual(await run({}), ordinary)
    const handed = await handedOver(args, given)
    assert.doesNotMatch(handed.out, wentTheOrdinaryWay)
    assert.deepEqual(handed, ordinary)
  })
}

/** Commands by the way that the launcher starts them. */
const ways: Readonly<Record<string, readonly string[]>> = {
  'handed over': ['ps', 'up -d', 'up --detach --wait', 'down', 'logs', 'logs --tail 5 one', 'build .', 'config -f compose.yaml', 'rm one'],
  'started as ever': [
    'logs -f',
    'logs -tf one',
    'logs --follow',
    'up --attach',
    'up -d --exit-code-from one',
    'up --watch',
    'watch',
    'events',
    'wait one',
    'run one true',
    'exec one true',
    'daemon status',
    'registry status',
    'build --ssh default .',
    'config -f /dev/fd/63',
    'compose ps',
  ],
}

test('what ends by itself is handed over, and what may last is started as ever', async () => {
  for (const [way, lines] of Object.entries(ways))
    for (const line of lines) {
      const { err } = await instance.command('sh', ['-x', galley, ...line.split(' '), '--nosuch'], { cwd: project })
      const [, last = ''] = /\n\+ exec (\S+)[^\n]*\n(?!\+)/.exec(err) ?? []
      assert.equal(last === '/usr/bin/perl' ? 'handed over' : 'started as ever', way, line)
    }
})

test('a command has its caller’s directory, variables and umask', async () => {
  const { out, code } = await handedOver(['config', '--output', 'written.yaml'], {
    env: { WORD: 'from the caller' },
    before: ['/bin/sh', '-c', 'umask 027; exec "$0" "$@"'],
  })
  assert.deepEqual([code, out], [0, ''])
  assert.match(readFileSync(`${project}/written.yaml`, 'utf8'), /W: from the caller/)
  assert.equal((statSync(`${project}/written.yaml`).mode & 0o777).toString(8), '640')
})

test('nothing of a command is left in the ready process', async () => {
  const secret = `secret-${process.pid}-of-one-command`
  assert.match((await handedOver(['config'], { env: { WORD: secret } })).out, new RegExp(secret))
  assert.doesNotMatch((await handedOver(['config'])).out, new RegExp(secret))
  const [pid] = standing()
  const memory = memoryOf(pid)
  assert.ok(memory.includes(instance.run))
  assert.ok(!memory.includes(secret))
})

/** All of its own that a process has written. */
function memoryOf(pid: number): Buffer {
  const mappings = readFileSync(`/proc/${pid}/maps`, 'utf8').matchAll(/^([\da-f]+)-([\da-f]+) rw.p/gm)
  const fd = openSync(`/proc/${pid}/mem`, 'r')
  try {
    return Buffer.concat(
      [...mappings].map(([, from = '', to = '']) => {
        const part = Buffer.alloc(Number.parseInt(to, 16) - Number.parseInt(from, 16))
        return part.subarray(0, readSync(fd, part, 0, part.length, Number.parseInt(from, 16)))
      }),
    )
  } finally {
    closeSync(fd)
  }
}

test('commands use no random numbers of V8, of which each copy would have the same', () => {
  assert.doesNotMatch(readFileSync(`${process.cwd()}/dist/cli/dispatch.js`, 'utf8'), /Math\.random/)
})

test('outputs are the caller’s own: appended to, read in part, and left as they were', async () => {
  const file = `${instance.home}/appended`
  const line = (text: string): Promise<Outcome> => instance.command('/bin/sh', ['-c', text, galley], { cwd: project, input: 'unread\n' })
  await line(`{ echo first; "$0" ps -q; echo last; } >>${file}`)
  assert.match(readFileSync(file, 'utf8'), /^first\n[0-9a-f]{64}\nlast\n$/)
  const few = await instance.command('/bin/bash', ['-c', '"$0" help up | head -1; echo ${PIPESTATUS[0]}', galley])
  assert.match(few.out, /^Usage: .*\n(0|141)\n$/)
  // A program that reads what the command did not must be able to wait for it.
  assert.equal((await line('"$0" --version; sleep 0.1; cat')).out, `${(await line('"$0" --version')).out}unread\n`)
})

test('a command has let go of its directory and outputs when its caller ends', async () => {
  const turn = 'mount -t tmpfs none small; (cd small; "$@" config -f ../compose.yaml >file); umount small || { umount -l small; exit 1; }'
  const text = `mkdir -p small; for turn in $(seq 30); do ${turn}; done`
  const given = { cwd: project, env: { WORD: 'w' } }
  assert.deepEqual(await instance.command('/bin/sh', ['-c', text, 'sh', ...handOver], given), { code: 0, out: '', err: '' })
})

test('a directory that was deleted is told either way', async () => {
  for (const env of [{}, { GALLEY_NO_READY: '1' }] as const) {
    const text = 'mkdir -p gone; cd gone; rmdir ../gone; "$0" ps 2>&1'
    const { out, code } = await instance.command('/bin/sh', ['-c', text, galley], { cwd: project, env })
    assert.match(out, /^galley: the directory that you are in was deleted\nhint: .*\nmore: galley explain cli.no-directory\n/m)
    assert.equal(code, 3)
  }
})

test('a caller without an input or output is told the same as ever', async () => {
  for (const closed of ['<&-', '>&-', '2>&-']) {
    const run = (env: Readonly<Record<string, string>>): Promise<Outcome> =>
      instance.command('/bin/sh', ['-c', `"$0" config -f - ${closed}`, galley], { cwd: project, env, input: 'services: {}' })
    assert.deepEqual(await run({}), await run({ GALLEY_NO_READY: '1' }))
  }
})

test('a terminal is the caller’s: its width, its colours, and Ctrl-C', async () => {
  const inTerminal = (command: string): ChildProcess =>
    spawn('script', ['-qec', command, '/dev/null'], {
      env: { PATH: process.env['PATH'], GALLEY_SOCKET: instance.socket, TERM: 'xterm' },
      cwd: project,
    })
  const narrow = inTerminal(`stty cols 50; ${galley} help up`)
  assert.ok((await output(narrow)).split('\r\n').every((text) => text.length <= 50))
  const attached = inTerminal(`${handOver.join(' ')} up --attach`)
  attached.stdout?.once('data', () => undefined)
  let shown = ''
  attached.stdout?.on('data', (chunk: Buffer) => (shown += String(chunk)))
  await instance.until(processes, ({ length }) => length === 2)
  await instance.until(
    () => shown,
    (text) => text.includes('one'),
  )
  attached.stdin?.write('\x03')
  const [code] = (await once(attached, 'exit')) as [number]
  assert.equal(code, 130)
  assert.ok(shown.includes('\x1b['))
  assert.equal((await instance.command(galley, ['up', '-d'], { cwd: project })).code, 0)
})

async function output(child: ChildProcess): Promise<string> {
  let text = ''
  child.stdout?.on('data', (chunk: Buffer) => (text += String(chunk)))
  await once(child, 'close')
  return text
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGKILL'] as const) {
  test(`${signal} ends a command and its caller alike`, async () => {
    const child = await goesOn([], 'logs', '-f')
    child.kill(signal)
    assert.deepEqual(await ends(child), [null, signal])
    await instance.until(processes, ({ length }) => length === 1)
  })
}

/** As a shell starts a job: in a process group of its own, which this process could let go on. The tests' own group may have nobody who can. */
const asJob = ['/usr/bin/perl', '-e', 'setpgrp; exec @ARGV'] as const

test('a caller that is stopped stops its command, and goes on with it', async () => {
  const child = await goesOn(asJob, 'logs', '-f')
  const [, command] = standing()
  const states = (): string => [child.pid ?? 0, command].map((pid) => /^State:\s+(\w)/m.exec(statusOf(pid))?.[1] ?? '').join('')
  child.kill('SIGTSTP')
  // The command stops first. As a shell does: nobody lets a caller go on that has not stopped yet.
  await instance.until(states, (found) => found === 'TT')
  child.kill('SIGCONT')
  await instance.until(states, (found) => !found.includes('T'))
  child.kill('SIGTERM')
  assert.deepEqual(await ends(child), [null, 'SIGTERM'])
})

test('many at once are carried out each', async () => {
  const words = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']
  const outcomes = await Promise.all(words.map((word) => handedOver(['config'], { env: { WORD: word } })))
  assert.deepEqual(
    outcomes.map(({ out }) => /W: (\w)/.exec(out)?.[1]),
    words,
  )
})

test('Ctrl-Z does nothing where no shell would let the command go on', async () => {
  const child = spawn('script', ['-qec', `exec ${handOver.join(' ')} logs -f`, '/dev/null'], {
    env: { PATH: process.env['PATH'], GALLEY_SOCKET: instance.socket, TERM: 'xterm' },
    cwd: project,
  })
  let shown = ''
  child.stdout.on('data', (chunk: Buffer) => (shown += String(chunk)))
  await instance.until(() => shown.includes('begun') && processes().length === 2, Boolean)
  child.stdin.write('\x1a')
  await instance.until(() => shown.includes('^Z'), Boolean)
  child.stdin.write('\x03')
  assert.deepEqual(await once(child, 'exit'), [130, null])
})

test('a signal that the caller was started to ignore does not reach the command', async () => {
  const child = await goesOn(['/bin/sh', '-c', 'trap "" HUP; exec "$@"', 'sh'], 'logs', '-f')
  child.kill('SIGHUP')
  child.kill('SIGTERM')
  assert.deepEqual(await ends(child), [null, 'SIGTERM'])
})

test('nohup keeps its signal from a command that is started as ever, too', async () => {
  const child = spawn('/bin/sh', ['-c', 'trap "" HUP; exec "$0" logs -f', galley], {
    cwd: project,
    env: { PATH: process.env['PATH'], GALLEY_SOCKET: instance.socket },
  })
  let shown = ''
  child.stdout.on('data', (chunk: Buffer) => (shown += String(chunk)))
  await instance.until(() => shown.includes('begun'), Boolean)
  child.kill('SIGHUP')
  await sleep(systemClock, 300)
  child.kill('SIGTERM')
  assert.deepEqual(await ends(child), [null, 'SIGTERM'])
})

const strangers: Readonly<Record<string, { readonly before?: readonly string[]; readonly env?: Readonly<Record<string, string>> }>> = {
  'another user': { before: ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups'] },
  'a process with fewer capabilities': { before: ['setpriv', '--bounding-set', '-sys_admin'] },
  'a process in another mount namespace': { before: ['unshare', '--mount'] },
  'a process in another network namespace': { before: ['unshare', '--net'] },
  'root of another user namespace': { before: ['unshare', '--map-root-user'] },
  'a process that Node is to be started differently for': { env: { NODE_DEBUG: 'http' } },
  'a process that has a library put before others': { env: { LD_PRELOAD: 'libc.so.6' } },
}

for (const [who, way] of Object.entries(strangers)) {
  test(`${who} goes the ordinary way`, async () => {
    assert.match((await handedOver(['ps'], way)).out, wentTheOrdinaryWay)
  })
}

test('another program, or another version of it, is started the ordinary way', async () => {
  const other = `${instance.home}/main.js`
  writeFileSync(other, '')
  const { out } = await instance.command('/usr/bin/perl', [script, ready, '/bin/echo', 'ordinary', other, 'ps'])
  assert.match(out, wentTheOrdinaryWay)
})

test('a ready process that is stuck is not waited for, and takes nobody later', async () => {
  const [pid] = standing()
  process.kill(pid, 'SIGSTOP')
  const { out } = await instance.command('/usr/bin/perl', [hurried, ...handOver.slice(2), 'ps'], { cwd: project })
  process.kill(pid, 'SIGCONT')
  assert.match(out, wentTheOrdinaryWay)
  assert.doesNotMatch((await handedOver(['ps'])).out, wentTheOrdinaryWay)
  await instance.until(processes, ({ length }) => length === 1)
})

test('a daemon that is killed leaves no command behind, and another process stands ready after it', async () => {
  const { code } = await instance.command(galley, ['logs', '-f'], { cwd: project, timeout: 1500 })
  assert.equal(code, null)
  const child = await goesOn([], 'logs', '-f')
  const before = processes()
  instance.killDaemon()
  assert.deepEqual(await ends(child), [1, null])
  await instance.until(processes, (found) => found.length === 1 && !before.includes(found[0] ?? 0))
  await stands()
  assert.equal((await instance.command(galley, ['ps', '-q'], { cwd: project })).code, 0)
})

test('a ready process that is killed ends its commands with a word, and is replaced', async () => {
  await instance.until(
    async () => (await handedOver(['--version'])).out,
    (out) => !wentTheOrdinaryWay.test(out),
  )
  const child = await goesOn([], 'logs', '-f')
  let err = ''
  child.stderr?.on('data', (chunk: Buffer) => (err += String(chunk)))
  const [pid] = standing()
  process.kill(pid, 'SIGKILL')
  assert.deepEqual(await once(child, 'close'), [1, null])
  assert.match(err, /the process that carried this out was ended/)
  assert.equal((await instance.command(galley, ['ps', '-q'], { cwd: project })).code, 0)
  await instance.until(
    async () => (await handedOver(['--version'])).out,
    (out) => !wentTheOrdinaryWay.test(out),
  )
  assert.ok(!processes().includes(pid))
})

test('a command goes on when there is no room for another one', async () => {
  const child = await goesOn([], 'logs', '-f')
  const [pid] = standing()
  // What it has open of a command that has ended is closed when it has been waited for.
  await instance.until(
    () => readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').length,
    (count) => count === 1,
  )
  const open = readdirSync(`/proc/${pid}/fd`).map(Number)
  const next = open.toSorted((a, b) => a - b).findIndex((descriptor, index) => descriptor !== index)
  const limit = (soft: number | string): unknown =>
    assert.equal(spawnSync('prlimit', ['--pid', String(pid), `--nofile=${soft}:`]).status, 0)
  // Room for the caller's connection, and none for what stands for its command.
  limit(next + 1)
  assert.match((await handedOver(['ps'])).out, wentTheOrdinaryWay)
  limit(1024)
  assert.doesNotMatch((await handedOver(['ps'])).out, wentTheOrdinaryWay)
  child.kill('SIGTERM')
  assert.deepEqual(await ends(child), [null, 'SIGTERM'])
})

test('when the daemon is stopped nothing stands ready', async () => {
  assert.equal(spawnSync(galley, ['daemon', 'stop', '--run', instance.run]).status, 0)
  await instance.until(processes, ({ length }) => length === 0)
  assert.ok(!existsSync(ready))
  // Of a daemon that is stopped before it stands.
  mkdirSync(`${instance.run}/rehearsal-cut-off`)
  await instance.start()
  await stands()
  assert.deepEqual(
    readdirSync(instance.run).filter((name) => name.startsWith('rehearsal')),
    [],
  )
})

test('a process stands ready in a run directory as deep as a socket may be', async () => {
  const run = `${instance.home}/`.padEnd(107 - '/docker.sock'.length, 'x')
  const options = ['--data', `${instance.home}/deep`, '--run', run, '--pool', '10.200.0.0/16']
  assert.equal((await instance.galley('daemon', 'start', ...options)).code, 0)
  try {
    await instance.until(() => existsSync(`${run}/ready.sock`), Boolean)
    const { out } = await instance.command('/usr/bin/perl', [script, `${run}/ready.sock`, '/bin/echo', 'ordinary', program, '--version'])
    assert.match(out, /^galley /)
  } finally {
    assert.equal((await instance.galley('daemon', 'uninstall', ...options)).code, 0)
  }
})
