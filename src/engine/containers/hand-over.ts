import { GalleyError } from '#base/error.ts'
import { mainAddress, wayOut } from '#engine/networks/endpoint.ts'
import type { Engine } from './engine.ts'
import type { Container } from './model.ts'
import { renameOnNetworks } from './networking.ts'
import { portsOf } from './ports.ts'

/**
 * The running container `next`, which is an understudy, takes the place of `old`: the ports that `old` publishes lead to it, its
 * names are found on the networks, and its container name is exchanged with that of `old`, which is the understudy then. Connections that are open
 * stay with `old`, which need not run any more. Throws `not found`, `conflict` (`next` doesn't run, a port is taken); then nothing has
 * changed.
 */
export async function handOver(engine: Engine, oldReference: string, nextReference: string): Promise<void> {
  const [oldId, nextId] = [engine.containers.get(oldReference).id, engine.containers.get(nextReference).id]
  await inTurnOfBoth(engine, [oldId, nextId], () => exchange(engine, oldId, nextId))
}

/** In one order, whichever comes first in the request: of two such requests, each would have one turn and wait for the other's for ever. */
function inTurnOfBoth(engine: Engine, ids: readonly [string, string], task: () => Promise<void>): Promise<void> {
  const [first = '', second = ''] = ids.toSorted()
  return engine.containers.inTurn(first, () => (first === second ? task() : engine.containers.inTurn(second, task)))
}

async function exchange(engine: Engine, oldId: string, nextId: string): Promise<void> {
  const [old, next] = [engine.containers.get(oldId), engine.containers.get(nextId)]
  if (next.state.status !== 'running') throw new GalleyError('conflict', `container ${next.name} is not running`, { subject: next.name })
  const published = old.ports
  await leadTo(engine, next, { from: old, wanted: portsOf(next) })
  next.understudy = false
  old.understudy = true
  try {
    await swapNames(engine, old, next)
  } catch (error) {
    // On a full disk, say: the old one must not be left without its ports.
    next.understudy = true
    old.understudy = false
    renameOnNetworks(engine, next)
    renameOnNetworks(engine, old)
    await leadTo(engine, old, { from: next, wanted: published })
    throw error
  }
}

async function leadTo(
  engine: Engine,
  to: Container,
  { from, wanted }: { readonly from: Container; readonly wanted: Container['ports'] },
): Promise<void> {
  const outside = wayOut(to.addresses)
  if (outside === undefined) return
  to.ports = [...(await engine.networks.handOver(from.id, to.id, { address: mainAddress(outside), wanted }))]
  from.ports = []
}

/** Nobody finds the container by its names any more; connections that are open stay. Throws `not found`. */
export async function withdraw(engine: Engine, reference: string): Promise<void> {
  const { id } = engine.containers.get(reference)
  await engine.containers.inTurn(id, async () => {
    const container = engine.containers.get(id)
    const { understudy = false } = container
    const become = (value: boolean): void => {
      container.understudy = value
      renameOnNetworks(engine, container)
    }
    become(true)
    await engine.containers.saveOr(() => become(understudy), container)
  })
}

/** Two containers get each other's name, in one step. Throws `not found`. */
export async function exchangeNames(engine: Engine, oneReference: string, otherReference: string): Promise<void> {
  const [oneId, otherId] = [engine.containers.get(oneReference).id, engine.containers.get(otherReference).id]
  await inTurnOfBoth(engine, [oneId, otherId], () => swapNames(engine, engine.containers.get(oneId), engine.containers.get(otherId)))
}

/** Whatever else has changed about the two is written down in the same step. */
async function swapNames(engine: Engine, old: Container, next: Container): Promise<void> {
  const [oldName, nextName] = [old.name, next.name]
  const exchangeNow = (): void => {
    engine.containers.exchangeNames(old, next)
    renameOnNetworks(engine, next)
    renameOnNetworks(engine, old)
  }
  exchangeNow()
  await engine.containers.saveOr(exchangeNow, old, next)
  for (const [container, was] of [
    [old, oldName],
    [next, nextName],
  ] as const)
    engine.events.emit('container', 'rename', container.id, { name: container.name, oldName: `/${was}`, image: container.config.Image })
}
