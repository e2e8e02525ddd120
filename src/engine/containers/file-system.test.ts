import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { openMemoryStore } from '#store/memory/open.ts'
import { ContainerIndex } from './container-index.ts'
import type { Engine } from './engine.ts'
import { withFileSystem } from './file-system.ts'
import type { Container } from './model.ts'

test('files of a container that is removed first are not found, and its directory is not made anew', async () => {
  using place = new DisposableStack()
  const data = place.adopt(mkdtempSync(`${tmpdir()}/galley-files-`), (path) => rmSync(path, { recursive: true }))
  const container = { id: 'a', name: 'one', mounts: [], hostConfig: {}, state: { status: 'exited' } } as unknown as Container
  const containers = new ContainerIndex(openMemoryStore())
  await containers.save(container)
  const engine = { containers, data, images: { resolve: () => ({ layers: [] }) } } as unknown as Engine
  const removed = containers.inTurn('a', () => containers.delete(container))
  await assert.rejects(
    withFileSystem(engine, container, { mounts: false }, () => assert.fail('it was looked at')),
    { kind: 'not found' },
  )
  await removed
  assert.equal(existsSync(`${data}/containers/a`), false)
})
