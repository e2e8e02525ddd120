import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { FrameBuffer } from '#base/frame-buffer.ts'
import { ask } from './engine-api.ts'
import { seenInTime, type Attempt } from './in-time.ts'
import { Instance } from './instance.ts'
import { instanceWithBox } from './instance-with-box.ts'

/** Exec sessions that follow each other, for which a runtime waits ahead: what they are must not tell that. */
const instance = instanceWithBox()
const { docker, ok } = instance

/** Runs a container and resolves with its id. */
function host(name: string, ...options: string[]): Promise<string> {
  return ok('run', '-d', '--name', name, ...options, 'box', 'sleep', '1000')
}

/** The ids of the sessions for which a runtime waits. */
function waiting(container: string): string[] {
  const execs = `${instance.run}/containers/${container}/execs`
  return (existsSync(execs) ? readdirSync(execs) : []).filter((id) => {
    try {
      const shell = readFileSync(`${execs}/${id}/shell`, 'utf8').trim()
      return statSync(`${execs}/${id}/process.json`).isFIFO() && !existsSync(`${execs}/${id}/pid`) && existsSync(`/proc/${shell}`)
    } catch {
      return false
    }
  })
}

/** Enters until a runtime waits for the next session; resolves with that one's id. */
async function prepared(container: string): Promise<string> {
  for (let times = 0; times < 2; times++) await ok('exec', container, 'true')
  const [id = ''] = await instance.until(
    () => waiting(container),
    (ids) => ids.length === 1,
  )
  return id
}

/** Where the shell around a session's runtime says who it is. */
function shellFile(container: string, session: string): string {
  return `${instance.run}/containers/${container}/execs/${session}/shell`
}

/** Makes a session and resolves with its id. */
async function made(container: string, command: readonly string[], options: object = {}): Promise<string> {
  const wishes = { Cmd: command, AttachStdout: true, AttachStderr: true, ...options }
  const { status, body } = await ask(instance.socket, `POST /containers/${container}/exec`, wishes)
  assert.equal(status, 201)
  return (body as { Id: string }).Id
}

/** Runs it and resolves with its output and exit code. */
async function ran(id: string): Promise<{ output: string; code: number }> {
  const { bytes } = await ask(instance.socket, `POST /exec/${id}/start`, { Detach: false, Tty: false })
  const { body } = await ask(instance.socket, `GET /exec/${id}/json`)
  const output = Buffer.concat(new FrameBuffer().push(bytes).map(({ data }) => data)).toString()
  return { output, code: (body as { ExitCode: number }).ExitCode }
}

const looks = [
  'grep -E "^(Uid|Gid|Groups|Cap|NoNewPrivs|Seccomp|Sig)" /proc/self/status',
  'cat /proc/self/limits /proc/self/oom_score_adj /proc/self/loginuid; echo',
  // A daemon that is being started beside this one adds a hierarchy for a moment (host/cgroup/quick-moves.ts).
  'grep -v name=galley- /proc/self/cgroup',
  'for of in ipc mnt net pid uts user cgroup time; do readlink /proc/self/ns/$of; done',
  'ls /proc/self/fd; readlink /proc/self/fd/0; ls -ld /proc/self/cwd/.; umask; env | sort',
].join('; ')

test('a session that was prepared is no different from one that was not', async () => {
  const id = await host('alike', '--ulimit', 'nofile=100:200', '--cap-add', 'NET_ADMIN', '--group-add', '7')
  const options = { Env: ['A=b'], User: 'operator', WorkingDir: '/tmp' }
  const cold = await ran(await made(id, ['sh', '-c', `${looks}; exit 7`], options))
  assert.match(cold.output, /Seccomp:\t2[\s\S]*A=b/)
  const spare = await prepared(id)
  const session = await made(id, ['sh', '-c', `${looks}; exit 7`], options)
  assert.equal(session, spare)
  assert.deepEqual(await ran(session), cold)
  assert.equal(cold.code, 7)
})

test('what a container sees and counts has nothing of a session that waits', async () => {
  const id = await host('seen')
  const seen = async (): Promise<string[]> => [
    await ok('top', id, '-eo', 'pid,ppid,user,args'),
    await ok('stats', '--no-stream', '--format', '{{.PIDs}}', id),
  ]
  const before = await seen()
  await prepared(id)
  assert.deepEqual(await seen(), before)
})

test('a session that was prepared before its container was started again is gone, and the next one runs in that', async () => {
  const id = await host('again')
  await ok('exec', id, 'touch', '/dev/shm/of-the-first')
  const spare = await prepared(id)
  const session = await made(id, ['ls', '/dev/shm'])
  assert.equal(session, spare)
  await ok('restart', '-t', '0', id)
  assert.equal((await ask(instance.socket, `POST /exec/${session}/start`, {})).status, 404)
  assert.deepEqual(await ran(await made(id, ['ls', '/dev/shm'])), { output: '', code: 0 })
})

test('a prepared session waits for a container that is paused', async () => {
  const id = await host('paused')
  await prepared(id)
  const session = await made(id, ['echo', 'entered'])
  await ok('pause', id)
  assert.equal((await ask(instance.socket, `POST /exec/${session}/start`, {})).status, 409)
  await ok('unpause', id)
  assert.deepEqual(await ran(session), { output: 'entered\n', code: 0 })
})

test('a program that is not there is told by a prepared session as by any other', async () => {
  const id = await host('missing')
  await prepared(id)
  const { code, out } = await docker('exec', id, 'nosuch')
  assert.equal(code, 127)
  assert.match(out, /exec: "nosuch": executable file not found in \$PATH/)
})

test('input reaches a prepared session', async () => {
  const id = await host('fed')
  for (const line of ['one', 'two', 'three', 'four']) {
    const { out, code } = await instance.command('docker', ['exec', '-i', id, 'cat'], { input: line })
    assert.deepEqual([out, code], [line, 0])
  }
})

test('the first session of a container is prepared as soon as it is made, also with a terminal', async () => {
  const id = await host('first')
  const session = await made(id, ['sh', '-c', 'tty; echo told'], { Tty: true })
  await instance.until(
    () => waiting(id),
    (ids) => ids.includes(session),
  )
  const { bytes } = await ask(instance.socket, `POST /exec/${session}/start`, { Detach: false, Tty: true })
  assert.match(bytes.toString(), /^\/dev\/pts\/\d+\r\ntold\r\n$/)
})

test('the exit code of a session that ended just before its container is not lost with that', async () => {
  // For so long, the daemon waits for it (src/engine/containers/exited.ts).
  assert.ok(await seenInTime(1000, lateSession))
})

/** Runs a session that ends with code 3, of which is told when its container has ended. */
async function lateSession(): Promise<Attempt> {
  const until = (file: string): string => `while [ ! -e /tmp/${file} ]; do sleep 0.05; done`
  const id = await ok('run', '-d', 'box', 'sh', '-c', until('go'))
  const first = await ok('inspect', '-f', '{{.State.Pid}}', id)
  const session = await made(id, ['sh', '-c', `${until('first')}; exit 3`])
  const running = ran(session)
  const entered = await instance.until(
    async () => ((await ask(instance.socket, `GET /exec/${session}/json`)).body as { Pid: number }).Pid,
    (pid) => pid > 0,
  )
  const shell = Number(readFileSync(shellFile(id, session), 'utf8'))
  process.kill(shell, 'SIGSTOP')
  writeFileSync(`/proc/${first}/root/tmp/first`, '')
  await instance.until(
    () => existsSync(`/proc/${entered}`),
    (lives) => !lives,
  )
  const ended = ask(instance.socket, `POST /containers/${id}/wait`)
  const begun = performance.now()
  writeFileSync(`/proc/${first}/root/tmp/go`, '')
  await ended
  // When this is late, the daemon has ended it.
  spawnSync('kill', ['-CONT', String(shell)])
  const took = performance.now() - begun
  return { succeeded: (await running).code === 3, took }
}

test('many sessions at once each get what they asked for', async () => {
  const id = await host('many')
  await prepared(id)
  const numbers = Array.from({ length: 12 }, (_, number) => String(number))
  const results = await Promise.all(numbers.map(async (number) => ran(await made(id, ['sh', '-c', `echo ${number}; exit ${number}`]))))
  assert.deepEqual(
    results,
    numbers.map((number) => ({ output: `${number}\n`, code: Number(number) })),
  )
})

test('the runtime reads its program from where nobody can write to it, and so needs no copy of itself (CVE-2019-5736)', async () => {
  const id = await host('sealed')
  const shell = readFileSync(`${instance.run}/containers/${id}/execs/${await prepared(id)}/shell`, 'utf8').trim()
  const runtimeOf = (): string => readFileSync(`/proc/${shell}/task/${shell}/children`, 'utf8').split(' ')[0] ?? ''
  // For a moment it is still a copy of the shell.
  await instance.until(
    () => runtimeOf() !== '' && readlinkSync(`/proc/${runtimeOf()}/exe`),
    (program) => program === '/usr/bin/crun',
  )
  const runtime = runtimeOf()
  assert.match(readFileSync(`/proc/${runtime}/mountinfo`, 'utf8'), / \/usr\/bin\/crun \/usr\/bin\/crun ro,/)
})

test('a waiting runtime does not hold the end of the instance up', async () => {
  const other = new Instance()
  await other.start()
  await other.importBox()
  const id = await other.ok('run', '-d', 'box', 'sleep', '1000')
  for (let times = 0; times < 3; times++) await other.ok('exec', id, 'true')
  other.killDaemon()
  await other.stop()
})

test('a waiting runtime goes with its container, and when nobody has come for ten seconds', async () => {
  const id = await host('goes')
  await prepared(id)
  await ok('rm', '-f', id)
  await instance.until(
    () => instance.processes().filter((line) => line.includes(id)),
    (left) => left.length === 0,
  )
  const other = await host('forgotten')
  await prepared(other)
  await instance.until(
    () => readdirSync(`${instance.run}/containers/${other}/execs`),
    (left) => left.length === 0,
  )
})

test('a session is told its size until it ends, and one that was never started goes with its container', async () => {
  const id = await host('leaves')
  const [ended, unstarted] = [await made(id, ['true']), await made(id, ['true'])]
  const resize = async (session: string): Promise<number> => (await ask(instance.socket, `POST /exec/${session}/resize?h=3&w=9`)).status
  assert.equal(await resize(ended), 200)
  await ask(instance.socket, `POST /exec/${ended}/start`, { Detach: false, Tty: false })
  assert.deepEqual([await resize(ended), await resize(unstarted)], [409, 200])
  await ok('rm', '-f', 'leaves')
  const known = async (session: string): Promise<number> => (await ask(instance.socket, `GET /exec/${session}/json`)).status
  assert.deepEqual([await known(ended), await known(unstarted)], [200, 404])
})
