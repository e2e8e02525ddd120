import assert from 'node:assert/strict'
import { totalmem } from 'node:os'
import { test } from 'node:test'
import type { Finding } from '#diagnose/finding.ts'
import { instanceWithBox } from './instance-with-box.ts'
import { Projects } from './projects.ts'

/** Exit code 137, each way that it comes about, on an instance whose containers have 256 MiB together. */
const instance = instanceWithBox(['--memory-reserve', String(totalmem() - (256 << 20))])
const { directory, run } = new Projects(instance)

const file = `
services:
  limited: {image: box, mem_limit: 16m, command: dd if=/dev/zero of=/dev/null bs=64M}
  generous: {image: box, mem_limit: 1g, command: dd if=/dev/zero of=/dev/null bs=2047M}
  unlimited: {image: box, command: dd if=/dev/zero of=/dev/null bs=2047M}
  inside: {image: box, command: sh -c 'sleep 1000 & kill -9 $$!; wait $$!'}
  outside: {image: box, command: sleep 1000}
  asked: {image: box, command: sleep 1000}
  stubborn: {image: box, command: sleep 1000}
  again: {image: box, command: sleep 1000}
`

test('each way to exit code 137 is told apart by what the kernel counted and by what the engine did itself', async () => {
  const home = directory('k', { 'compose.yaml': file })
  // One after the other: memory runs out for one at a time.
  for (const name of ['limited', 'generous', 'unlimited', 'inside', 'outside', 'asked', 'stubborn', 'again'])
    assert.equal((await run(home, 'up', '-d', name)).code, 0)
  process.kill(Number(await instance.ok('inspect', '-f', '{{.State.Pid}}', 'k-outside-1')), 'SIGKILL')
  await instance.ok('kill', 'k-asked-1')
  await instance.ok('stop', '-t', '1', 'k-stubborn-1')
  // What a run before the last one ended by is of no interest.
  await instance.ok('kill', 'k-again-1')
  await instance.ok('start', 'k-again-1')
  process.kill(Number(await instance.ok('inspect', '-f', '{{.State.Pid}}', 'k-again-1')), 'SIGKILL')
  await instance.until(
    () => instance.ok('ps', '-q'),
    (running) => running === '',
  )

  const { err } = await run(home, 'why')
  assert.match(err, /^✘ generous, unlimited: .* \[machine-out-of-memory\]$/m, 'what is the same of two is told once')
  const { findings } = JSON.parse((await run(home, 'why', '-o', 'json')).out) as {
    findings: readonly Pick<Finding, 'service' | 'rule' | 'evidence'>[]
  }
  const found = findings.map(({ service, rule, evidence }) => [service, rule, evidence[0]?.en])
  const killed = (name: string): string => `the kernel killed k-${name}-1 for want of memory (exit code 137, OOMKilled)`
  const byHand = (name: string): string =>
    `k-${name}-1 ended with exit code 137, which is SIGKILL; neither the kernel's out-of-memory killer nor a stop did it`
  assert.deepEqual(found.toSorted(), [
    ['again', 'killed-by-hand', byHand('again')],
    ['asked', 'killed-by-hand', 'Galley was asked to kill k-asked-1 (docker kill, docker rm -f, or the API); exit code 137'],
    ['generous', 'machine-out-of-memory', `${killed('generous')}; its own limit of 1024 MiB was not reached`],
    ['inside', 'killed-by-hand', byHand('inside')],
    ['limited', 'memory-limit-reached', `${killed('limited')}; its limit is 16 MiB`],
    ['outside', 'killed-by-hand', byHand('outside')],
    ['stubborn', 'stop-timeout', 'k-stubborn-1 was asked to stop and had not ended after 1 s; then it was killed (exit code 137)'],
    ['unlimited', 'machine-out-of-memory', `${killed('unlimited')}; it has no limit of its own`],
  ])
  assert.match(err, /it used 2\d\d MiB at most/)
})
