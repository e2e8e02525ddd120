import { packTree } from '#content/layers/pack.ts'
import { eventAttributes } from './create.ts'
import type { Engine } from './engine.ts'
import { withFileSystem } from './file-system.ts'
import type { Container } from './model.ts'

/** `docker export`: hands the container's root file system to `send` as a tar, without what is mounted in it. */
export async function exportTree(
  engine: Engine,
  container: Container,
  send: (archive: AsyncIterable<Buffer>) => Promise<void>,
): Promise<void> {
  await withFileSystem(engine, container, { mounts: false }, (root) => send(packTree(root)))
  engine.events.emit('container', 'export', container.id, eventAttributes(container))
}
