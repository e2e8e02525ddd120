import assert from 'node:assert/strict'
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { kill } from 'node:process'
import { fileURLToPath } from 'node:url'
import { test } from 'node:test'
import { text } from 'node:stream/consumers'
import { sleep, systemClock } from '#base/clock.ts'
import { makeFifo } from '#host/kernel/fifo.ts'
import { mount, unmount } from '#host/kernel/mount.ts'
import type { Answer, KeeperEvent, LogEnd, ProcessSpec, Request } from './protocol.ts'

/** A keeper in a directory of its own, ended with everything that it holds. */
class Bench implements AsyncDisposable {
  readonly run = mkdtempSync(`${tmpdir()}/galley-keeper-`)
  #keeper: ChildProcess | undefined

  launch(): void {
    const program = fileURLToPath(new URL('./main.ts', import.meta.url))
    this.#keeper = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', program, this.run], { stdio: 'inherit' })
  }

  async start(): Promise<void> {
    this.launch()
    await this.served()
  }

  async served(): Promise<void> {
    while (!(await this.#answers())) await sleep(systemClock, 10)
  }

  async #answers(): Promise<boolean> {
    try {
      ;(await this.open()).destroy()
      return true
    } catch {
      return false
    }
  }

  signal(name: NodeJS.Signals): void {
    this.#keeper?.kill(name)
  }

  async kill(): Promise<void> {
    this.#keeper?.kill('SIGKILL')
    if (this.#keeper?.exitCode === null && this.#keeper.signalCode === null) await once(this.#keeper, 'exit')
  }

  async open(): Promise<Socket> {
    const socket = connect({ path: `${this.run}/keeper.sock`, allowHalfOpen: true })
    await once(socket, 'connect')
    return socket
  }

  async ask(request: Request): Promise<Answer> {
    const socket = await this.open()
    socket.write(`${JSON.stringify({ ...request, number: 1 })}\n`)
    const [line] = (await once(socket, 'data')) as [Buffer]
    socket.destroy()
    return JSON.parse(line.toString()) as Answer
  }

  async attach(id: string): Promise<Socket> {
    return (await this.attachAfter(id)).socket
  }

  async attachAfter(id: string, log?: string): Promise<{ socket: Socket; logged: LogEnd | undefined }> {
    const socket = await this.open()
    socket.write(`${JSON.stringify({ op: 'attach', id, key: 1, stdin: true, stdout: true, stderr: true, log } satisfies Request)}\n`)
    await once(socket, 'readable')
    let answer = ''
    for (let byte = ''; byte !== '\n'; answer += byte) byte = (socket.read(1) as Buffer).toString()
    return { socket, logged: (JSON.parse(answer) as Answer & { ok: true }).logged }
  }

  /** Resolves with the exit code of `id`. */
  async exit(id: string): Promise<number> {
    const socket = await this.open()
    socket.write('{"op":"watch"}\n')
    let rest = ''
    for await (const chunk of socket.setEncoding('utf8') as AsyncIterable<string>) {
      const lines = (rest + chunk).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) {
        const event = JSON.parse(line) as KeeperEvent
        if (event.type === 'exit' && event.id === id) return event.code
      }
    }
    throw new Error('the keeper went away')
  }

  process(id: string, script: string, options: Partial<ProcessSpec> = {}): ProcessSpec {
    const directory = `${this.run}/${id}`
    const command = ['/bin/sh', '-c', `echo $$ >${directory}/pid.new; mv ${directory}/pid.new ${directory}/pid; ${script}`]
    return {
      id,
      command,
      directory,
      stdin: false,
      stdinOnce: true,
      log: { path: `${this.run}/${id}.log`, format: 'json-file', maxSize: 1e6, maxFiles: 2, compress: false },
      ...options,
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill()
    rmSync(this.run, { recursive: true, force: true })
  }
}

function readLog(path: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8') : ''
}

/** What was written, of a `json-file` log. */
function textOf(log: string): string {
  return log
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => (JSON.parse(line) as { log: string }).log)
    .join('')
}

test('a process is started, logged and its exit code told', async () => {
  await using bench = new Bench()
  await bench.start()
  const answer = await bench.ask({ op: 'start', process: bench.process('a', 'echo out; echo err >&2; exit 7') })
  assert.ok(answer.ok && (answer.pid ?? 0) > 0)
  assert.equal(await bench.exit('a'), 7)
  const log = readFileSync(`${bench.run}/a.log`, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { log: string; stream: string })
  assert.deepEqual(log.map(({ log: line, stream }) => [stream, line]).sort(), [
    ['stderr', 'err\n'],
    ['stdout', 'out\n'],
  ])
})

test('attached clients get framed output, and the end of their input ends the process', async () => {
  await using bench = new Bench()
  await bench.start()
  const client = await bench.attach('cat')
  const output = text(client)
  await bench.ask({ op: 'start', process: bench.process('cat', 'exec cat', { stdin: true }) })
  client.end('hello\n')
  assert.equal(await output, '\u0001\u0000\u0000\u0000\u0000\u0000\u0000\u0006hello\n')
  assert.equal(await bench.exit('cat'), 0)
})

test('what was logged, and what an attached client then gets, are together all that was written', async () => {
  await using bench = new Bench()
  await bench.start()
  const gate = `${bench.run}/gate`
  const spec = bench.process('f', `i=0; while [ ! -e ${gate} ]; do printf "$i"; echo " "; i=$((i+1)); done`, { framed: false })
  const path = `${bench.run}/f.log`
  await bench.ask({ op: 'start', process: { ...spec, log: { path, format: 'json-file', maxSize: 1e9, maxFiles: 1, compress: false } } })
  const clients = []
  for (let client = 0; client < 10; client++) {
    const { socket, logged } = await bench.attachAfter('f', path)
    clients.push({ size: logged?.size ?? 0, output: text(socket) })
  }
  spawn('touch', [gate])
  for (const { size, output } of clients) {
    const later = await output
    assert.equal(textOf(readLog(path).slice(0, size)) + later, textOf(readLog(path)))
  }
})

test('a client that reads the log first gets the line that has not ended', async () => {
  await using bench = new Bench()
  await bench.start()
  await bench.ask({
    op: 'start',
    process: bench.process('g', 'echo whole; printf half; read line; echo $line', { stdin: true, framed: false }),
  })
  while (!readLog(`${bench.run}/g.log`).includes('whole')) await sleep(systemClock, 20)
  const { socket } = await bench.attachAfter('g', `${bench.run}/g.log`)
  socket.write('told\n')
  assert.equal(await text(socket), 'halftold\n')
})

test('a process outlives its keeper; output and exit code reach the next one', async () => {
  await using bench = new Bench()
  await bench.start()
  const gate = `${bench.run}/gate`
  await bench.ask({
    op: 'start',
    process: bench.process('b', `echo before; while [ ! -e ${gate} ]; do sleep 0.05; done; echo after; exit 9`),
  })
  while (!readLog(`${bench.run}/b.log`).includes('before')) await sleep(systemClock, 20)
  await bench.kill()
  spawn('touch', [gate])
  while (!existsSync(`${bench.run}/b/exit`)) await sleep(systemClock, 20)
  await bench.start()
  assert.equal(await bench.exit('b'), 9)
  assert.match(readLog(`${bench.run}/b.log`), /before[\s\S]*after/)
})

test('a process that can not be taken over yet, as there is no room for its log, is not forgotten, and nobody is told that it has gone', async () => {
  await using bench = new Bench()
  const small = `${bench.run}/small`
  mkdirSync(small)
  mount('tmpfs', small, 'tmpfs', 0, 'size=1m,nr_inodes=8')
  using _mounted = { [Symbol.dispose]: () => unmount(small) }
  await bench.start()
  const gate = `${bench.run}/gate`
  const log = { path: `${small}/log`, format: 'json-file' as const, maxSize: 1e6, maxFiles: 2, compress: false }
  await bench.ask({ op: 'start', process: bench.process('w', `while [ ! -e ${gate} ]; do sleep 0.05; done; exit 4`, { log }) })
  await bench.kill()
  rmSync(log.path)
  const fillers = Array.from({ length: 7 }, (_, index) => `${small}/${index}`)
  for (const filler of fillers) writeFileSync(filler, '')
  assert.throws(() => writeFileSync(`${small}/more`, ''), { code: 'ENOSPC' })
  bench.launch()
  // Time enough for it to have looked, and to have been served.
  await sleep(systemClock, 1500)
  assert.deepEqual(readdirSync(`${bench.run}/held`), ['w'])
  assert.equal(
    existsSync(`${bench.run}/keeper.sock`) &&
      (await bench.open().then(
        (socket) => (socket.destroy(), true),
        () => false,
      )),
    false,
  )
  rmSync(fillers[0] ?? '')
  await bench.served()
  writeFileSync(gate, '')
  assert.equal(await bench.exit('w'), 4)
})

test('a process that never ran is a failed start, not an exit', async () => {
  await using bench = new Bench()
  await bench.start()
  const spec = { ...bench.process('c', ''), command: ['/nonexistent/program'] }
  assert.deepEqual(await bench.ask({ op: 'start', process: spec }), {
    ok: false,
    error: 'the runtime ended with code 127 before the process ran',
    number: 1,
  })
})

test('a process that could not even be tried is a failed start; who is attached already is let go, and the next start is one like any other', async () => {
  await using bench = new Bench()
  await bench.start()
  const process = bench.process('o', 'echo fine', { framed: false })
  writeFileSync(process.directory, 'in the way')
  const early = text(await bench.attach('o'))
  const failed = await bench.ask({ op: 'start', process })
  assert.match(failed.ok ? '' : failed.error, /EEXIST|ENOTDIR/)
  assert.equal(await early, '')
  assert.deepEqual(readdirSync(`${bench.run}/held`), [])
  rmSync(process.directory)
  const output = text(await bench.attach('o'))
  assert.equal((await bench.ask({ op: 'start', process })).ok, true)
  assert.equal(await output, 'fine\n')
})

test('a process that could not be prepared is started as any other', async () => {
  await using bench = new Bench()
  await bench.start()
  const process = scripted(bench, 'p')
  mkdirSync(process.directory)
  writeFileSync(`${process.directory}/spool`, 'in the way')
  await bench.ask({ op: 'prepare', process })
  rmSync(`${process.directory}/spool`, { force: true })
  assert.equal((await bench.ask({ op: 'start', process: { ...process, document: 'exit 3' } })).ok, true)
  assert.equal(await bench.exit('p'), 3)
})

test('a session of a container that has just been removed does not make its directory anew', async () => {
  await using bench = new Bench()
  await bench.start()
  const container = `${bench.run}/gone`
  const process = bench.process('gone/execs/late', 'true', { id: 'late', log: undefined })
  await bench.ask({ op: 'prepare', process })
  const answer = await bench.ask({ op: 'start', process })
  assert.ok(!answer.ok)
  assert.match(answer.error, /ENOENT/)
  assert.ok(!existsSync(container))
  assert.deepEqual(readdirSync(`${bench.run}/held`), [])
  // The first one of a container finds it without a directory for sessions.
  mkdirSync(container)
  assert.ok((await bench.ask({ op: 'start', process })).ok)
  assert.equal(await bench.exit('late'), 0)
})

test('a client that cannot be attached is let go', async () => {
  await using bench = new Bench()
  await bench.start()
  const socket = await bench.open()
  const log = `${bench.run}/${'too long'.repeat(50)}`
  socket.write(`${JSON.stringify({ op: 'attach', id: 'q', key: 1, stdin: true, stdout: true, stderr: true, log } satisfies Request)}\n`)
  socket.resume()
  await once(socket, 'end')
  socket.destroy()
})

test('a process whose shell was killed lives on, and its end is told as 137', async () => {
  await using bench = new Bench()
  await bench.start()
  const gate = `${bench.run}/gate`
  await bench.ask({ op: 'start', process: bench.process('d', `while [ ! -e ${gate} ]; do sleep 0.05; done; echo after; exit 9`) })
  process.kill(Number(readFileSync(`${bench.run}/d/shell`, 'utf8')), 'SIGKILL')
  const exit = bench.exit('d')
  spawn('touch', [gate])
  assert.equal(await exit, 137)
  assert.match(readFileSync(`${bench.run}/d.log`, 'utf8'), /after/)
})

test('an exit code that cannot be read is waited for, and none is made up before it is known to be missing', async () => {
  await using bench = new Bench()
  await bench.start()
  const path = `${bench.run}/h/exit`
  await bench.ask({ op: 'start', process: bench.process('h', `mkdir ${path}`) })
  while (!existsSync(path)) await sleep(systemClock, 5)
  process.kill(Number(readFileSync(`${bench.run}/h/shell`, 'utf8')), 'SIGKILL')
  const exit = bench.exit('h')
  const early = await Promise.race([exit, sleep(systemClock, 800)])
  assert.equal(early, undefined)
  rmSync(path, { recursive: true })
  assert.equal(await exit, 137)
})

test('somebody who keeps the output open does not keep a session from ending', async () => {
  await using bench = new Bench()
  await bench.start()
  await bench.ask({ op: 'start', process: bench.process('e', 'sleep 30 & echo $! >&2; exit 3') })
  assert.equal(await bench.exit('e'), 3)
  const { log } = JSON.parse(readFileSync(`${bench.run}/e.log`, 'utf8').split('\n')[0] ?? '') as { log: string }
  process.kill(Number(log), 'SIGKILL')
})

test('what was written before a session is no longer waited for is logged, though the keeper had no processor meanwhile', async () => {
  await using bench = new Bench()
  await bench.start()
  const [gate, written] = [`${bench.run}/gate`, `${bench.run}/written`]
  const late = `while [ ! -e ${gate} ]; do sleep 0.05; done; head -c 900000 /dev/zero | tr '\\0' x; echo; touch ${written}; exec sleep 300`
  await bench.ask({ op: 'start', process: bench.process('r', `(${late}) & echo $! >${bench.run}/late; exit 3`) })
  const exit = bench.exit('r')
  while (!existsSync(`${bench.run}/r/exit`)) await sleep(systemClock, 5)
  // By then it has begun to wait for the rest.
  await sleep(systemClock, 500)
  bench.signal('SIGSTOP')
  writeFileSync(gate, '')
  while (!existsSync(written)) await sleep(systemClock, 20)
  await sleep(systemClock, 2500)
  bench.signal('SIGCONT')
  assert.equal(await exit, 3)
  assert.equal(textOf(readLog(`${bench.run}/r.log`)).length, 900_001)
  process.kill(Number(readFileSync(`${bench.run}/late`, 'utf8')), 'SIGKILL')
})

test('a daemon that dies is started again until it lets the keeper know that it ends on purpose', async () => {
  await using bench = new Bench()
  await bench.start()
  const starts = (): number => (existsSync(`${bench.run}/starts`) ? readFileSync(`${bench.run}/starts`, 'utf8').length : 0)
  const daemon = {
    command: ['/bin/sh', '-c', `printf x >>${bench.run}/starts`],
    log: `${bench.run}/daemon.log`,
    alive: `${bench.run}/alive`,
  }
  makeFifo(daemon.alive)
  const connection = await bench.open()
  connection.write(`${JSON.stringify({ op: 'guard', daemon, number: 1 })}\n`)
  await once(connection, 'data')
  connection.destroy()
  while (starts() < 2) await sleep(systemClock, 20)
  await bench.ask({ op: 'release' })
  // One that was started just before may not have written yet.
  await sleep(systemClock, 200)
  while (spawnSync('pgrep', ['-f', `${bench.run}/starts`]).status === 0) await sleep(systemClock, 20)
  const before = starts()
  await sleep(systemClock, 600)
  assert.equal(starts(), before)
})

/** A process whose runtime reads its script from its document. */
function scripted(bench: Bench, id: string): ProcessSpec {
  const { command, ...spec } = bench.process(id, `sh "${bench.run}/${id}/script"`)
  const [shell = '', option = '', script = ''] = command
  return { ...spec, command: [shell, option, `cat ${spec.directory}/process.json >${spec.directory}/script || exit; ${script}`] }
}

test('a prepared process runs what it is told when it is started, however long that is', async () => {
  await using bench = new Bench()
  await bench.start()
  const process = scripted(bench, 'h')
  await bench.ask({ op: 'prepare', process })
  const waiting = readFileSync(`${bench.run}/held/h`, 'utf8')
  const output = text(await bench.attach('h'))
  const document = `# ${'x'.repeat(3e6)}\necho told; exit 4`
  assert.equal((await bench.ask({ op: 'start', process: { ...process, framed: false, document } })).ok, true)
  assert.equal(await bench.exit('h'), 4)
  assert.equal(await output, 'told\n')
  assert.equal(waiting.includes('told'), false)
  assert.equal(readFileSync(`${bench.run}/held/h`, 'utf8').includes('told'), false)
})

test('a prepared process that is dead when it is wanted is started anew, and nobody hears of its end', async () => {
  await using bench = new Bench()
  await bench.start()
  const process = scripted(bench, 'i')
  const exit = bench.exit('i')
  await bench.ask({ op: 'prepare', process })
  while (!existsSync(`${bench.run}/i/script`)) await sleep(systemClock, 5)
  kill(-Number(readFileSync(`${bench.run}/i/shell`, 'utf8')), 'SIGKILL')
  while (existsSync(`${bench.run}/i`)) await sleep(systemClock, 5)
  assert.equal(existsSync(`${bench.run}/held/i`), false)
  assert.equal((await bench.ask({ op: 'start', process: { ...process, document: 'exit 6' } })).ok, true)
  assert.equal(await exit, 6)
})

test('a prepared process does not outlive its keeper and the next one', async () => {
  await using bench = new Bench()
  await bench.start()
  for (const id of ['j', 'k']) await bench.ask({ op: 'prepare', process: scripted(bench, id) })
  while (!existsSync(`${bench.run}/j/script`)) await sleep(systemClock, 5)
  await bench.kill()
  const shells = ['j', 'k'].map((id) => Number(readFileSync(`${bench.run}/${id}/shell`, 'utf8')))
  await bench.start()
  for (const shell of shells) while (existsSync(`/proc/${shell}`)) await sleep(systemClock, 5)
})

test('what a runtime leaves behind becomes the keeper’s child, and is reaped when it has ended', async () => {
  await using bench = new Bench()
  await bench.start()
  const [orphan, gate] = [`${bench.run}/orphan`, `${bench.run}/gate`]
  const left = `(while [ ! -e ${gate} ]; do sleep 0.05; done) </dev/null >/dev/null 2>&1 & echo $! >${orphan}; exit 5`
  const exit = bench.exit('l')
  await bench.ask({ op: 'start', process: bench.process('l', left) })
  assert.equal(await exit, 5)
  const pid = readFileSync(orphan, 'utf8').trim()
  assert.match(readFileSync(`/proc/${pid}/status`, 'utf8'), new RegExp(`PPid:\\t${readFileSync(`${bench.run}/keeper.pid`, 'utf8')}\n`))
  spawn('touch', [gate])
  while (existsSync(`/proc/${pid}`)) await sleep(systemClock, 20)
})

/** Everything that `id` wrote, of all files of its log, which were rotated meanwhile. */
function allText(path: string): string {
  const numbers = Array.from({ length: 200 }, (_, index) => 200 - index).filter((number) => existsSync(`${path}.${number}`))
  return [...numbers.map((number) => `${path}.${number}`), path].map((name) => textOf(readLog(name))).join('')
}

test('a keeper that is killed again and again loses nothing, and writes nothing twice', async () => {
  await using bench = new Bench()
  await bench.start()
  const lines = 30_000
  const script = `i=0; while [ $i -lt ${lines} ]; do printf 'line %d ' $i; echo ends; i=$((i+1)); done; printf 'no newline'; sleep 0.2`
  const log = { path: `${bench.run}/a.log`, format: 'json-file', maxSize: 40_000, maxFiles: 200, compress: false } as const
  await bench.ask({ op: 'start', process: bench.process('a', script, { log }) })
  const directory = `${bench.run}/a`
  for (let round = 0; !existsSync(`${directory}/exit`); round++) {
    await sleep(systemClock, (round * 7) % 40)
    await bench.kill()
    await bench.start()
  }
  assert.equal(await bench.exit('a'), 0)
  const expected = `${Array.from({ length: lines }, (_, index) => `line ${index} ends\n`).join('')}no newline`
  assert.ok(allText(log.path) === expected)
  assert.ok(statSync(`${directory}/spool/stdout`).blocks * 512 < 1 << 20, 'what was read is freed')
})

test('a session that was prepared for a container is started anew once that has been forgotten, however slowly its runtime dies', async () => {
  await using bench = new Bench()
  await bench.start()
  mkdirSync(`${bench.run}/m`)
  const session = scripted(bench, 'm/execs/n')
  const process = { ...session, id: 'n' }
  await bench.ask({ op: 'prepare', process })
  while (!existsSync(`${session.directory}/script`)) await sleep(systemClock, 5)
  // In one breath, so that no death can be noticed between the two.
  const socket = await bench.open()
  const requests: Request[] = [
    { op: 'forget', id: 'm' },
    { op: 'start', process: { ...process, document: 'exit 8' } },
  ]
  const exit = bench.exit('n')
  socket.write(requests.map((request, number) => `${JSON.stringify({ ...request, number })}\n`).join(''))
  assert.equal(await exit, 8)
  socket.destroy()
})
