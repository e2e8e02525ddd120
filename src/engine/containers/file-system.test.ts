import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { openMemoryStore } from '#store/memory/open.ts'
import { ContainerIndex } from './container-index.ts'
import type { Engine } from './engine.ts'
import { withFileSystem } from './file-system.ts'
import type { Container } from './model.ts'

interface Bench extends Disposable {
  readonly engine: Engine
  readonly container: Container
}

async function setUp(state: Partial<Container['state']>): Promise<Bench> {
  const data = mkdtempSync(`${tmpdir()}/galley-files-`)
  const container = { id: 'a', name: 'one', mounts: [], hostConfig: {}, state } as unknown as Container
  const containers = new ContainerIndex(openMemoryStore())
  await containers.save(container)
  mkdirSync(`${data}/layer`)
  writeFileSync(`${data}/layer/file`, '')
  const engine = { containers, data, images: { resolve: () => ({ layers: [`${data}/layer`] }) } } as unknown as Engine
  return { engine, container, [Symbol.dispose]: () => rmSync(data, { recursive: true }) }
}

test('files of a container that is removed first are not found, and its directory is not made anew', async () => {
  using bench = await setUp({ status: 'exited' })
  const { engine, container } = bench
  const removed = engine.containers.inTurn('a', () => engine.containers.delete(container))
  await assert.rejects(
    withFileSystem(engine, container, { mounts: false }, () => assert.fail('it was looked at')),
    { kind: 'not found' },
  )
  await removed
  assert.equal(existsSync(`${engine.data}/containers/a`), false)
})

test('files of a container whose process has just ended are looked at when that is booked', async () => {
  using bench = await setUp({ status: 'running', pid: spawnSync('true').pid })
  const { engine, container } = bench
  const looked = withFileSystem(engine, container, { mounts: true }, (root) => Promise.resolve(root.names()))
  container.state.status = 'exited'
  engine.containers.exited(container)
  assert.deepEqual(await looked, ['file'])
})
