import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '#base/clock.ts'
import type { BuildEvent } from '#build/progress.ts'
import { Progress } from './progress.ts'

const vertex = (name: string): BuildEvent & { type: 'vertex' } => ({
  type: 'vertex',
  vertex: { id: `sha256:${name}`, name, parents: [] },
})

test('what is told in one go comes in one message, in its order, and nothing of it is lost to a late follower', async () => {
  const progress = new Progress(systemClock)
  const names = async (): Promise<(string | undefined)[][]> =>
    (await Array.fromAsync(progress.follow(new AbortController().signal))).map(({ vertexes = [] }) => vertexes.map(({ name }) => name))
  const early = names()
  for (const name of ['one', 'two', 'three']) progress.onEvent(vertex(name))
  await new Promise((resolve) => setTimeout(resolve, 20))
  progress.onEvent(vertex('four'))
  progress.end()
  assert.deepEqual(await early, [['one', 'two', 'three'], ['four']])
  assert.deepEqual(await names(), [['one', 'two', 'three', 'four']])
})
