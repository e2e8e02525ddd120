import assert from 'node:assert/strict'
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { sleep, systemClock } from '#base/clock.ts'
import { mount, unmount } from '#host/kernel/mount.ts'
import { LogFile } from './log-file.ts'
import { decodeRecord } from './log-format.ts'
import { Progress } from './progress.ts'
import type { LogSpec } from './protocol.ts'

class Bench implements Disposable {
  readonly directory = mkdtempSync(`${tmpdir()}/galley-log-`)
  readonly spec: LogSpec

  constructor(options: Partial<LogSpec> = {}) {
    this.spec = { path: `${this.directory}/log`, format: 'json-file', maxSize: 1e6, maxFiles: 3, compress: false, ...options }
  }

  texts(end = ''): (string | undefined)[] {
    const bytes = readFileSync(`${this.spec.path}${end}`)
    const lines = (end.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8').split('\n').slice(0, -1)
    return lines.map((line) => decodeRecord(this.spec.format, line)?.log)
  }

  [Symbol.dispose](): void {
    rmSync(this.directory, { recursive: true, force: true })
  }
}

test('a line that comes in pieces is one record; one that never ends is written when its stream does', () => {
  using bench = new Bench()
  const log = new LogFile(bench.spec)
  for (const piece of ['one ', 'line\ntwo', '\nrest']) log.write('stdout', Buffer.from(piece))
  assert.deepEqual(bench.texts(), ['one line\n', 'two\n'])
  log[Symbol.dispose]()
  assert.deepEqual(bench.texts(), ['one line\n', 'two\n', 'rest'])
})

test('a long line is cut into records of 16 KiB, never inside a character', () => {
  using bench = new Bench()
  const long = `a${'é'.repeat(20_000)}\n`
  {
    using log = new LogFile(bench.spec)
    for (let at = 0; at < long.length; at += 5000) log.write('stdout', Buffer.from(long.slice(at, at + 5000)))
  }
  assert.equal(bench.texts().join(''), long)
  assert.deepEqual(
    bench.texts().map((text) => Buffer.byteLength(text ?? '')),
    [16_383, 16_384, 7235],
  )
})

test('as many files are kept as asked, the newest lines in the newest, the older ones compressed', async () => {
  using bench = new Bench({ maxSize: 200, compress: true, format: 'local' })
  using log = new LogFile(bench.spec)
  for (let line = 0; line < 40; line++) {
    log.write('stdout', Buffer.from(`line ${line}\n`))
    while (existsSync(`${bench.spec.path}.gz.part`) || existsSync(`${bench.spec.path}.1`)) await sleep(systemClock, 1)
  }
  const all = [...bench.texts('.2.gz'), ...bench.texts('.1.gz'), ...bench.texts()]
  assert.deepEqual(
    all,
    all.map((_, index) => `line ${40 - all.length + index}\n`),
  )
  assert.equal(existsSync(`${bench.spec.path}.3.gz`), false)
})

test('with a single file the old one gives way to a new one', () => {
  using bench = new Bench({ maxSize: 150, maxFiles: 1 })
  using log = new LogFile(bench.spec)
  for (let line = 0; line < 3; line++) log.write('stdout', Buffer.from(`line ${line}\n`))
  assert.deepEqual(bench.texts(), ['line 2\n'])
})

test('where the files can’t be moved, the log goes on in the one that it has, and keeps no other open', () => {
  using bench = new Bench({ maxSize: 100, maxFiles: 2 })
  // A directory is in the way.
  mkdirSync(`${bench.spec.path}.1/there`, { recursive: true })
  using log = new LogFile(bench.spec)
  log.write('stdout', Buffer.from('line\n'))
  const before = readdirSync('/proc/self/fd').length
  for (let line = 0; line < 20; line++) log.write('stdout', Buffer.from('line\n'))
  assert.equal(readdirSync('/proc/self/fd').length, before)
  assert.equal(bench.texts().length, 21)
})

test('a full disk loses lines, and what is written later is whole', { skip: process.getuid?.() !== 0 && 'only root may mount' }, () => {
  using bench = new Bench()
  mount('tmpfs', bench.directory, 'tmpfs', 0, 'size=64k')
  using _mounted = { [Symbol.dispose]: () => unmount(bench.directory) }
  using log = new LogFile(bench.spec)
  log.write('stdout', Buffer.from('first\n'))
  // One page is left beside the one that the log has: room for the beginning of a long line.
  writeFileSync(`${bench.directory}/filler`, Buffer.alloc(14 * 4096))
  log.write('stdout', Buffer.from(`${'cut off'.repeat(2000)}\n`))
  writeFileSync(`${bench.directory}/rest`, Buffer.alloc(4096))
  log.write('stdout', Buffer.from(`${'lost'.repeat(2000)}\n`))
  rmSync(`${bench.directory}/filler`)
  log.write('stdout', Buffer.from('last\n'))
  assert.deepEqual(bench.texts(), ['first\n', 'last\n'])
})

test('what a keeper wrote and could not note before it died is taken back, half a record too', () => {
  using bench = new Bench()
  using progress = new Progress(`${bench.directory}/progress`)
  const first = new LogFile(bench.spec, progress)
  first.write('stdout', Buffer.from('one\ntw'))
  const noted = progress.position
  assert.equal(noted.stdout, 4)
  first.write('stdout', Buffer.from('o\n'))
  assert.equal(progress.position.stdout, 8)
  appendFileSync(bench.spec.path, '{"log":"thr')
  progress.save(noted)
  using second = new LogFile(bench.spec, progress)
  assert.deepEqual(bench.texts(), ['one\n'])
  second.write('stdout', Buffer.from('two\nthree\n'))
  assert.deepEqual(bench.texts(), ['one\n', 'two\n', 'three\n'])
  assert.equal(progress.position.stdout, 14)
})

test('a log that was rotated after the last note, or that is another, is left as it is', () => {
  using bench = new Bench()
  using progress = new Progress(`${bench.directory}/progress`)
  writeFileSync(bench.spec.path, 'of a run before\n')
  progress.save({ inode: 1, size: 0, stdout: 5, stderr: 0 })
  using log = new LogFile(bench.spec, progress)
  assert.equal(readFileSync(bench.spec.path, 'utf8'), 'of a run before\n')
  assert.equal(progress.position.size, 16)
  log.write('stderr', Buffer.from('x\n'))
  assert.deepEqual([progress.position.stdout, progress.position.stderr], [5, 2])
})
