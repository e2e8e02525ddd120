import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { bind, errno } from './library.ts'

const EBADF = 9

test('errno is that of the last call, whatever the library was called for since', () => {
  const { close } = bind({ close: { arguments: ['i32'], return: 'i32' } })
  assert.equal(close(-1), -1)
  // As V8 does while it collects garbage, which may be at any time.
  assert.equal(existsSync('/nowhere/at/all'), false)
  assert.equal(errno(), EBADF)
})

test('each thread has its own', async () => {
  const program = `
    import { bind, errno } from '${new URL('library.ts', import.meta.url).href}'
    import { parentPort } from 'node:worker_threads'
    bind({ close: { arguments: ['i32'], return: 'i32' } }).close(-1)
    parentPort.postMessage(errno())`
  const { unlink } = bind({ unlink: { arguments: ['string'], return: 'i32' } })
  assert.equal(unlink('/nowhere/at/all'), -1)
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(program)}`))
  const found = await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject))
  assert.deepEqual([found, errno()], [EBADF, 2])
  await worker.terminate()
})
