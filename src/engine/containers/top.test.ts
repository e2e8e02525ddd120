import assert from 'node:assert/strict'
import { test } from 'node:test'
import { selectProcesses } from './top.ts'

const output = 'USER       PID COMMAND\nroot         1 /sbin/init\nroot        42 sleep 10 20\n'

test('rows of the container’s processes are kept, and the last column holds all that is left', () => {
  assert.deepEqual(selectProcesses(output, new Set([42])), { titles: ['USER', 'PID', 'COMMAND'], rows: [['root', '42', 'sleep 10 20']] })
})

test('without the column PID nothing can be chosen', () => {
  assert.throws(() => selectProcesses('USER\nroot\n', new Set([1])), /Couldn't find PID field in ps output/)
})
