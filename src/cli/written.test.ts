import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import { written } from './written.ts'

test('what is written waits for a slow reader, however many write', async () => {
  const output = new PassThrough({ highWaterMark: 10 })
  const [warnings, done]: [string[], number[]] = [[], []]
  const note = ({ name }: Error): void => void warnings.push(name)
  process.on('warning', note)
  await written(output, 'few')
  const all = Array.from({ length: 20 }, async (_, at) => {
    await written(output, 'more than ten')
    done.push(at)
  })
  await new Promise(setImmediate)
  assert.deepEqual(done, [])
  output.resume()
  await Promise.all(all)
  process.off('warning', note)
  assert.deepEqual(warnings, [])
})

test('nobody waits for a reader that has gone', async () => {
  const output = new PassThrough({ highWaterMark: 10 }).on('error', () => undefined)
  const wait = written(output, 'more than ten')
  output.destroy()
  await wait
  await written(output, 'more than ten')
})
