import { GalleyError } from '#base/error.ts'
import { checkedName } from './create.ts'
import type { Engine } from './engine.ts'
import { renameOnNetworks } from './networking.ts'

/** `docker rename`. Throws `not found`, `invalid`, `conflict` (the name is taken). */
export function rename(engine: Engine, reference: string, wished: string): Promise<void> {
  const { id } = engine.containers.get(reference)
  return engine.containers.inTurn(id, () => renameNow(engine, id, wished))
}

async function renameNow(engine: Engine, id: string, wished: string): Promise<void> {
  const container = engine.containers.get(id)
  const name = checkedName(wished)
  const old = container.name
  if (name === old) throw new GalleyError('invalid', 'Renaming a container with the same name as its current name', { subject: wished })
  engine.containers.claim(name, container.id)
  container.name = name
  renameOnNetworks(engine, container)
  const undo = (): void => {
    container.name = old
    engine.containers.unclaim(name, container.id)
    renameOnNetworks(engine, container)
  }
  await engine.containers.saveOr(undo, container)
  engine.containers.unclaim(old, container.id)
  engine.events.emit('container', 'rename', container.id, { name, oldName: `/${old}`, image: container.config.Image })
}
