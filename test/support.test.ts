import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { Instance } from './instance.ts'
import { isServed } from './support.ts'

const instance = new Instance()

before(() => instance.start())
after(() => instance.stop())

test('docs/support/docker-api.md says of every operation whether the daemon has it', async () => {
  const rows = [...readFileSync('docs/support/docker-api.md', 'utf8').matchAll(/^\| `(.+)` \| (.+) \|$/gm)]
  assert.ok(rows.length > 100)
  const wrong: string[] = []
  for (const [, operation = '', state] of rows)
    if ((await isServed(instance.socket, operation)) !== (state !== 'not implemented')) wrong.push(`${operation}: ${state}`)
  assert.deepEqual(wrong, [], 'run npm run support')
})
