import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { outputOf } from './child-output.ts'

test('what a child wrote is there also when it has ended before anybody reads', async () => {
  const child = spawn('echo', ['written'])
  const output = outputOf(child)
  await once(child, 'close')
  assert.equal(await text(output), 'written\n')
})
