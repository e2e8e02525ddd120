import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, linkSync, readdirSync, readFileSync, readlinkSync, statSync, unlinkSync } from 'node:fs'
import { request, type IncomingMessage, type RequestOptions } from 'node:http'
import { test } from 'node:test'
import { sleep, systemClock } from '#base/clock.ts'
import { freePorts } from './free-ports.ts'
import { Instance } from './instance.ts'
import { instanceWithBox } from './instance-with-box.ts'

/** Clients that come while a daemon that died is started again wait for it (docs/decisions/0017-held-listeners.md). */
const instance = instanceWithBox()

/** Resolves with an answer's status, or the error's code. */
async function asked(at: RequestOptions): Promise<string> {
  try {
    const [answer] = (await once(request({ ...at, agent: false }).end(), 'response')) as [IncomingMessage]
    await once(answer.resume(), 'close')
    return String(answer.complete ? answer.statusCode : 'ECONNRESET')
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error)
  }
}

/** When the socket was made that is there now, which its number alone may not tell from another. */
const madeAt = (): number | undefined => statSync(instance.socket, { throwIfNoEntry: false })?.birthtimeMs

const ping = (): Promise<string> => asked({ socketPath: instance.socket, path: '/_ping' })

/** Whether a process still runs; one that is not waited for yet doesn't. */
function runs(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

/** SIGKILL; resolves when the daemon has ended, with its number. */
async function killDaemon(): Promise<number> {
  await instance.until(() => instance.daemonPid(), Boolean)
  const pid = instance.killDaemon()
  while (runs(pid)) await sleep(systemClock, 1)
  return pid
}

/** Runs a task after the daemon's death, and lets no other one be started before it is under way. */
async function betweenDaemons<T>(task: () => Promise<T>): Promise<T> {
  const keeper = instance.keeperPid()
  process.kill(keeper, 'SIGSTOP')
  await killDaemon()
  const outcome = task()
  await sleep(systemClock, 500)
  process.kill(keeper, 'SIGCONT')
  return await outcome
}

/** Waits until the keeper, which may be another, holds the socket, which may be another. */
async function isHeld(): Promise<void> {
  const listens = /^\S+ \S+ \S+ 00010000 \S+ \S+ +(\d+) /
  const holds = (): boolean => {
    const lines = readFileSync('/proc/net/unix', 'utf8').split('\n')
    const sockets = lines.filter((line) => line.endsWith(` ${instance.socket}~`)).map((line) => `socket:[${listens.exec(line)?.[1]}]`)
    const keeper = `/proc/${instance.keeperPid()}/fd`
    const held = existsSync(keeper) ? readdirSync(keeper).map((fd) => linkOf(`${keeper}/${fd}`)) : []
    return sockets.length === 1 && held.includes(sockets[0] ?? '')
  }
  await instance.until(holds, Boolean)
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}

/** Milliseconds after which the keeper no longer takes another death for one of a row (src/keeper/daemon-guard.ts). */
const settled = 10_500

interface Call {
  readonly begun: number
  readonly ended: number
  readonly outcome: string
}

/** Calls again and again until `signal`. */
async function callsOf(call: () => Promise<string>, signal: AbortSignal): Promise<Call[]> {
  const calls: Call[] = []
  while (!signal.aborted) {
    const begun = performance.now()
    const outcome = await call()
    calls.push({ begun, ended: performance.now(), outcome })
    await sleep(systemClock, 2)
  }
  return calls
}

/** What the docker command printed where it failed, `200` else. */
async function dockerPs(): Promise<string> {
  const { code, err } = await instance.docker('ps', '-q')
  return code === 0 ? '200' : err
}

test('kill -9 of the daemon, twenty times: no client is refused, and only calls under way at a kill break off', async (t) => {
  const over = new AbortController()
  t.after(() => over.abort())
  const list = (): Promise<string> => asked({ socketPath: instance.socket, path: '/containers/json' })
  const clients = [ping, list, list, dockerPs].map((call) => callsOf(call, over.signal))
  const kills: { readonly from: number; readonly dead: number; readonly back: number }[] = []
  const file = madeAt()
  for (let round = 0; round < 20; round++) {
    const from = performance.now()
    const before = await killDaemon()
    const dead = performance.now()
    await instance.until(
      () => instance.daemonPid(),
      (pid) => ![0, before].includes(pid),
    )
    kills.push({ from, dead, back: performance.now() })
    assert.equal(await ping(), '200')
    // Some are killed as soon as they listen, some when all is done; one that has lived for a while is started again sooner.
    await sleep(systemClock, round % 5 === 4 && round < 19 ? settled : round * 20)
  }
  over.abort()
  const calls = (await Promise.all(clients)).flat()
  const broken = calls.filter(({ outcome }) => outcome !== '200')
  const underWay = ({ begun, ended }: Call): boolean => kills.some(({ from, dead }) => begun <= dead && ended >= from)
  assert.deepEqual(
    broken.filter((call) => !underWay(call) || /REFUSED|ENOENT|EAGAIN|refused|Cannot connect|no such file/.test(call.outcome)),
    [],
  )
  const waited = calls.filter(({ begun, outcome }) => outcome === '200' && kills.some(({ from, back }) => begun > from && begun < back))
  assert.ok(waited.length >= 20, `${waited.length} calls came while there was no daemon`)
  assert.equal(madeAt(), file, 'containers that have mounted the socket find the next daemon')
})

test('the door is kept also where the keeper died before, and where somebody deleted the socket', async () => {
  const keeper = instance.keeperPid()
  process.kill(keeper, 'SIGKILL')
  await instance.until(
    () => instance.keeperPid(),
    (pid) => ![0, keeper].includes(pid),
  )
  await isHeld()
  assert.equal(await betweenDaemons(ping), '200')
  const file = madeAt()
  unlinkSync(instance.socket)
  await instance.until(madeAt, (at) => at !== undefined && at !== file)
  await isHeld()
  assert.equal(await betweenDaemons(ping), '200')
})

test('clients of the registry wait, too, and are refused at once when it is stopped', async () => {
  const port = await freePorts()
  const started = await instance.galley('registry', 'start', '--listen', `127.0.0.1:${port}`)
  assert.equal(started.code, 0, started.err)
  const registry = (): Promise<string> => asked({ host: '127.0.0.1', port, path: '/v2/' })
  const usual = await registry()
  assert.match(usual, /^\d+$/)
  assert.equal(await betweenDaemons(registry), usual)
  assert.equal((await instance.galley('registry', 'stop')).code, 0)
  assert.equal(await registry(), 'ECONNREFUSED')
})

test('a socket that somebody deleted after the daemon died is made anew', async () => {
  const file = madeAt()
  await betweenDaemons(async () => unlinkSync(instance.socket))
  await instance.until(ping, (status) => status === '200')
  assert.notEqual(madeAt(), file)
})

test('galley daemon stop leaves no socket, and whoever has it mounted is refused at once', async () => {
  const mounted = `${instance.home}/mounted.sock`
  linkSync(instance.socket, mounted)
  assert.equal(await asked({ socketPath: mounted, path: '/_ping' }), '200')
  const { code } = await instance.galley('daemon', 'stop', ...instance.options)
  assert.equal(code, 0)
  assert.equal(existsSync(instance.socket), false)
  assert.equal(await asked({ socketPath: mounted, path: '/_ping' }), 'ECONNREFUSED')
  await instance.start()
})

/** Runs a command for which the kernel refuses pidfd_getfd(2), number 438 everywhere, by a filter of seccomp(2) that it hands on to all that it starts. */
const refusing = `
my $filter = pack('(SCCL)4', 0x20, 0, 0, 0, 0x15, 0, 1, 438, 0x06, 0, 0, 0x00050001, 0x06, 0, 0, 0x7fff0000);
my ($set, $mode, $prctl) = (22, 2, ${process.arch === 'arm64' ? 167 : 157});
syscall($prctl, $set, $mode, pack('Sx6P', 4, $filter), 0, 0) == 0 or die "prctl: $!";
exec @ARGV;`

test('where the kernel refuses to hand descriptors over, each daemon listens anew, and says nothing of it', async (t) => {
  const other = new Instance()
  t.after(() => other.stop())
  const galley = (...args: string[]) => other.command('perl', ['-e', refusing, './galley', ...args])
  const started = await galley('daemon', 'start', ...other.options)
  assert.equal(started.code, 0, started.err)
  const port = await freePorts()
  assert.equal((await other.galley('registry', 'start', '--listen', `127.0.0.1:${port}`)).code, 0)
  const made = statSync(other.socket).birthtimeMs
  await other.anotherDaemon(other.killDaemon())
  assert.notEqual(statSync(other.socket).birthtimeMs, made)
  await other.until(
    () => asked({ host: '127.0.0.1', port, path: '/v2/' }),
    (status) => /^\d+$/.test(status),
  )
  const log = ['daemon', 'keeper'].map((name) => readFileSync(`${other.run}/${name}.log`, 'utf8')).join('')
  assert.doesNotMatch(log, /pidfd|descriptor|listener|"(warn|error)"/)
})
