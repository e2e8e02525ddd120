import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeClock } from '#base/fake-clock.ts'
import { parseImageReference } from '#base/image-reference.ts'
import { Images } from '#engine/images/images.ts'
import { importImage } from '#engine/images/import.ts'
import { memoryContent } from '#engine/images/memory-content.ts'
import { openMemoryStore } from '#store/memory/open.ts'
import type { Solver } from '../solve/solver.ts'
import type { State } from '../solve/state.ts'
import { exportSteps } from './export-steps.ts'

test('the caches of builds that go to one name of a registry at once leave the image of that name here alone', async () => {
  await using store = openMemoryStore()
  const images = new Images({ store, ...memoryContent(), clock: new FakeClock() })
  await images.start()
  const reference = parseImageReference('registry.test/app')
  const { id } = await importImage(
    images,
    (async function* () {
      yield Buffer.from('layer')
    })(),
    { reference },
  )
  const seen: unknown[] = []
  const publish = async (): Promise<void> => {
    for (let turn = 0; turn < 50; turn++) {
      seen.push(images.find('registry.test/app')?.id)
      await undefined
    }
  }
  const build = (key: string) => {
    const solver = {
      builder: { images, publish, publishComposition: publish },
      request: { cacheTo: [{ kind: 'registry', reference, mode: 'max' }] },
      done: new Map([[key, { key: key.repeat(64), text: key, diffId: undefined, size: 0, created: 0 }]]),
      emit: () => undefined,
      plan: { target: 0 },
      signal: new AbortController().signal,
    } as unknown as Solver
    return exportSteps(solver, { layers: [], platform: { os: 'linux', architecture: 'amd64' } } as unknown as State)
  }
  await Promise.all([build('a'), build('b'), build('b')])
  assert.deepEqual([...new Set(seen)], [id])
  assert.deepEqual(
    images.list().map(({ references }) => references),
    [['registry.test/app:latest']],
  )
})
