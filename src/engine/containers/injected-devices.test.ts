import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { sleep, systemClock } from '#base/clock.ts'
import type { Hook } from '#engine/cdi/specification.ts'
import { hooksOf } from './injected-devices.ts'

type Program = { readonly path: string; readonly args?: readonly string[] }

function declared(hook: Partial<Hook>): Program {
  const [program] = hooksOf([{ name: 'createRuntime', path: '/bin/sh', args: [], env: [], timeout: undefined, ...hook }])[
    hook.name ?? 'createRuntime'
  ] as [Program]
  return program
}

function started({ path, args = [] }: Program) {
  return spawn(path, args.slice(1), { argv0: args[0] ?? path, stdio: ['pipe', 'pipe', 'inherit'] })
}

test('a hook that reads nothing lives until the runtime has written the state to it', async () => {
  const hook = started(declared({ args: ['sh', '-c', 'exit 3'] }))
  const ended = once(hook, 'exit')
  assert.equal(await Promise.race([ended, sleep(systemClock, 300)]), undefined)
  hook.stdin.end('{"pid": 7}')
  assert.deepEqual(await ended, [3, null])
})

test('a hook gets the state and its arguments as they are', async () => {
  for (const state of [`{"a": "$HOME \`id\` \\\\ 'x'"}`, `{\n"long": "${'x'.repeat(100_000)}"}`]) {
    const hook = started(declared({ args: ['sh', '-c', 'echo "$0 $1"; cat', 'a b', '$c'] }))
    hook.stdin.end(state)
    assert.equal(await text(hook.stdout), `a b $c\n${state}\n`)
  }
})

test('a hook is left as it is where its name tells it what to do, and in a container, where nothing of the host is', () => {
  const named = { path: '/usr/bin/busybox', args: ['true'] }
  assert.deepEqual(declared(named), named)
  const within: Partial<Hook> = { name: 'startContainer', path: '/bin/sh', args: ['sh', '-c', 'true'] }
  assert.deepEqual(declared(within), { path: '/bin/sh', args: ['sh', '-c', 'true'] })
})
