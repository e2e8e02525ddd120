import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '#base/clock.ts'
import type { BuildEvent } from '#build/progress.ts'
import { Progress, type Status } from './progress.ts'

const vertex = (name: string): BuildEvent & { type: 'vertex' } => ({
  type: 'vertex',
  vertex: { id: `sha256:${name}`, name, parents: [] },
})

test('what is told in one go comes in one message, in its order, and nothing of it is lost to a late follower', async () => {
  const progress = new Progress(systemClock)
  const follow = (): AsyncGenerator<Status, void> => progress.follow(new AbortController().signal)
  const namesOf = ({ vertexes = [] }: Status): unknown => vertexes.map(({ name }) => name)
  const early = follow()
  const first = early.next()
  for (const name of ['one', 'two', 'three']) progress.onEvent(vertex(name))
  assert.deepEqual(namesOf((await first).value ?? {}), ['one', 'two', 'three'])
  progress.onEvent(vertex('four'))
  progress.end()
  assert.deepEqual((await Array.fromAsync(early)).map(namesOf), [['four']])
  assert.deepEqual((await Array.fromAsync(follow())).map(namesOf), [['one', 'two', 'three', 'four']])
})
