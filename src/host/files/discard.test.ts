import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { after, test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { sleep, systemClock } from '#base/clock.ts'
import { runSync } from '#host/process/run.ts'
import { deleteNow, discard, discardForRoom } from './discard.ts'

const home = mkdtempSync(`${tmpdir()}/galley-discard-`)

after(() => rmSync(home, { recursive: true, force: true }))

function tree(name: string, files: number): string {
  mkdirSync(`${home}/${name}/inside/deeper`, { recursive: true })
  for (let number = 0; number < files; number++) writeFileSync(`${home}/${name}/inside/deeper/${number}`, '')
  return `${home}/${name}`
}

async function gone(path: string): Promise<void> {
  while (existsSync(path)) await sleep(systemClock, 5)
}

test('a small tree is gone at once, and what a link in it leads to stays', () => {
  const [other, small] = [tree('other', 3), tree('small', 10)]
  symlinkSync(other, `${small}/link`)
  discard(small)
  assert.equal(existsSync(small), false)
  assert.equal(existsSync(`${other}/inside/deeper/2`), true)
})

test('one of many entries, or with a large file, goes in the background', async () => {
  const [many, large] = [tree('many', 60), tree('large', 2)]
  truncateSync(`${large}/inside/deeper/0`, 10 << 20)
  for (const path of [many, large]) {
    discard(path)
    assert.equal(existsSync(path), true)
    await gone(path)
  }
})

test('where room is short, it is gone when that resolves', async () => {
  const [short, enough] = [tree('short', 60), tree('enough', 60)]
  await discardForRoom(short, () => true)
  assert.equal(existsSync(short), false)
  await discardForRoom(enough, () => false)
  assert.equal(existsSync(enough), true)
  await gone(enough)
})

test('what is not there is no error', () => discard(`${home}/nothing`))

test('a tree is gone at once though somebody else deletes in it at the same time', async () => {
  const turn = new Int32Array(new SharedArrayBuffer(4))
  const other = `
    const { rmSync } = require('node:fs')
    const { workerData: { turn, path }, parentPort } = require('node:worker_threads')
    parentPort.postMessage('here')
    for (;;) {
      Atomics.wait(turn, 0, 0)
      rmSync(path + '/inside', { recursive: true, force: true })
      Atomics.store(turn, 0, 0)
    }`
  const worker = new Worker(other, { eval: true, workerData: { turn, path: `${home}/shared` } })
  await once(worker, 'message')
  worker.unref()
  // By Node alone, nearly all of them are left in part.
  for (let round = 0; round < 100; round++) {
    const shared = tree('shared', 20)
    Atomics.store(turn, 0, 1)
    Atomics.notify(turn, 0)
    deleteNow(shared)
    assert.equal(existsSync(shared), false)
    while (Atomics.load(turn, 0) !== 0) await sleep(systemClock, 0)
  }
})

test('directories that lie too deep for a path go as well', async () => {
  const deep = (name: string): string => {
    const steps = `cd "$0" && mkdir one && for n in $(seq 30); do mkdir two; mv one two/${'d'.repeat(200)}; mv two one; done`
    mkdirSync(`${home}/${name}`)
    assert.equal(runSync('sh', ['-c', steps, `${home}/${name}`]).code, 0)
    return `${home}/${name}`
  }
  const [now, later] = [deep('now'), deep('later')]
  deleteNow(now)
  assert.equal(existsSync(now), false)
  discard(later)
  await gone(later)
})
