import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readlinkSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { sleep, systemClock } from '#base/clock.ts'
import { LogFile, logEnd } from '#keeper/log-file.ts'
import type { LogEnd, LogSpec } from '#keeper/protocol.ts'
import { readLog, type Follow } from './read.ts'

class Bench implements Disposable {
  readonly directory = mkdtempSync(`${tmpdir()}/galley-logs-`)
  readonly spec: LogSpec
  readonly log: LogFile

  constructor(options: Partial<LogSpec> = {}) {
    this.spec = { path: `${this.directory}/log`, format: 'local', maxSize: 100, maxFiles: 1000, compress: false, ...options }
    this.log = new LogFile(this.spec)
  }

  write(from: number, to: number): void {
    for (let line = from; line < to; line++) this.log.write('stdout', Buffer.from(`${line}\n`))
  }

  async read(options: { tail?: number; end?: LogEnd | undefined; follow?: Follow } = {}): Promise<number[]> {
    const lines: number[] = []
    for await (const records of readLog(this.spec, options)) lines.push(...records.map(({ log }) => Number(log)))
    return lines
  }

  [Symbol.dispose](): void {
    this.log[Symbol.dispose]()
    rmSync(this.directory, { recursive: true, force: true })
  }
}

function numbers(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, index) => from + index)
}

test('all records come in order, over all files', async () => {
  using bench = new Bench()
  bench.write(0, 100)
  assert.deepEqual(await bench.read(), numbers(0, 100))
})

test('the tail is the last lines, however the files are cut', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(60), fc.nat(70), fc.integer({ min: 1, max: 400 }), async (written, tail, maxSize) => {
      using bench = new Bench({ maxSize })
      bench.write(0, written)
      assert.deepEqual(await bench.read({ tail }), numbers(Math.max(0, written - tail), written))
    }),
    { numRuns: 50 },
  )
})

test('what was logged before a moment is exactly that, however the files are cut since', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(60), fc.nat(60), fc.integer({ min: 1, max: 400 }), async (before, after, maxSize) => {
      using bench = new Bench({ maxSize })
      bench.write(0, before)
      const end = logEnd(bench.spec.path)
      bench.write(before, before + after)
      assert.deepEqual(await bench.read({ end }), numbers(0, before))
    }),
    { numRuns: 50 },
  )
})

test('following goes on over many rotations at once, and ends with the container', async () => {
  using bench = new Bench()
  bench.write(0, 10)
  let ended = false
  let wake = (): void => undefined
  const follow: Follow = {
    signal: new AbortController().signal,
    ended: () => ended,
    changed: (call) => {
      wake = call
      return { [Symbol.dispose]: () => undefined }
    },
  }
  const lines: number[] = []
  for await (const records of readLog(bench.spec, { tail: 3, follow })) {
    lines.push(...records.map(({ log }) => Number(log)))
    if (lines.length === 3) bench.write(10, 200)
    if (lines.at(-1) === 199) {
      ended = true
      wake()
    }
  }
  assert.deepEqual(lines, numbers(7, 200))
})

test('a follower has come to the end when the log goes with its container', async () => {
  using bench = new Bench()
  let ended = false
  const follow: Follow = {
    signal: new AbortController().signal,
    ended: () => ended,
    changed: () => ({ [Symbol.dispose]: () => undefined }),
  }
  bench.write(0, 3)
  const lines: number[] = []
  for await (const records of readLog(bench.spec, { follow })) {
    lines.push(...records.map(({ log }) => Number(log)))
    rmSync(bench.directory, { recursive: true })
    ended = true
  }
  assert.deepEqual(lines, numbers(0, 3))
})

test('a follower lets go of files that have been rotated away', async () => {
  using bench = new Bench({ maxFiles: 3 })
  const follow: Follow = {
    signal: new AbortController().signal,
    ended: () => false,
    changed: () => ({ [Symbol.dispose]: () => undefined }),
  }
  bench.write(0, 10)
  let last = 10
  for await (const records of readLog(bench.spec, { follow })) {
    if (Number(records.at(-1)?.log) !== last - 1) continue
    if (last === 200) {
      // The writer's, the follower's, and the three that there were at first.
      assert.ok(openIn(bench.directory) <= 5, `${openIn(bench.directory)} are open`)
      break
    }
    bench.write(last, (last += 10))
  }
  assert.equal(openIn(bench.directory), 1)
})

function openIn(directory: string): number {
  return readdirSync('/proc/self/fd').filter((fd) => targetOf(`/proc/self/fd/${fd}`).startsWith(directory)).length
}

/** Empty for a descriptor that was only open for the listing. */
function targetOf(link: string): string {
  try {
    return readlinkSync(link)
  } catch {
    return ''
  }
}

test('no record is lost or doubled by compressing, while it goes on or afterwards', async () => {
  using bench = new Bench({ maxSize: 5000, compress: true })
  bench.write(0, 500)
  bench.log.write(
    'stdout',
    Buffer.from(
      numbers(500, 5000)
        .map((line) => `${line}\n`)
        .join(''),
    ),
  )
  assert.deepEqual(await bench.read(), numbers(0, 5000))
  while (existsSync(`${bench.spec.path}.gz.part`) || !readdirSync(bench.directory).some((name) => name.endsWith('.gz')))
    await sleep(systemClock, 5)
  assert.deepEqual(await bench.read(), numbers(0, 5000))
  assert.deepEqual(await bench.read({ tail: 4990 }), numbers(10, 5000))
})

test('no record is missed while a rotation moves the files, whichever number is free at the moment', async () => {
  for (const free of [0, 1, 3, 5]) {
    using bench = new Bench()
    bench.write(0, 60)
    const { path } = bench.spec
    const oldest = readdirSync(bench.directory).length - 1
    for (let index = oldest; index >= free; index--) renameSync(index === 0 ? path : `${path}.${index}`, `${path}.${index + 1}`)
    assert.deepEqual(await bench.read(), numbers(0, 60), `${free} is free`)
  }
})

test('a log that is not there has no records', async () => {
  using bench = new Bench()
  assert.deepEqual(await Array.fromAsync(readLog({ path: `${bench.directory}/none`, format: 'local' })), [])
})

test('a follower that can not open the file which a rotation made fails, and does not begin anew with the one before', async () => {
  using bench = new Bench({ maxSize: 1e6 })
  bench.write(0, 3)
  const lines: number[] = []
  let wake = (): void => undefined
  const stop = new AbortController()
  const follow = {
    signal: stop.signal,
    ended: () => false,
    changed: (callback: () => void) => {
      wake = callback
      return { [Symbol.dispose]: () => undefined }
    },
  }
  const following = (async () => {
    for await (const records of readLog(bench.spec, { follow })) {
      lines.push(...records.map(({ log }) => Number(log)))
      if (lines.length > 100) stop.abort()
    }
  })()
  const failed = assert.rejects(following, { code: 'ENXIO' })
  while (lines.length < 3) await sleep(systemClock, 5)
  // A socket is there and can't be opened, as no file can without a free descriptor.
  const socket = createServer().listen(`${bench.directory}/aside`)
  await once(socket, 'listening')
  renameSync(bench.spec.path, `${bench.spec.path}.1`)
  renameSync(`${bench.directory}/aside`, bench.spec.path)
  wake()
  await failed
  assert.deepEqual(lines, [0, 1, 2])
  socket.close()
})

test('a compressed file that was cut short is passed over, and not held open', async () => {
  using bench = new Bench()
  bench.write(0, 3)
  writeFileSync(`${bench.spec.path}.1.gz`, gzipSync('something').subarray(0, 12))
  const held = (): number =>
    readdirSync('/proc/self/fd').filter(
      (fd) => existsSync(`/proc/self/fd/${fd}`) && readlinkSync(`/proc/self/fd/${fd}`).includes('log.1.gz'),
    ).length
  assert.deepEqual(await bench.read(), [0, 1, 2])
  assert.equal(held(), 0)
})
