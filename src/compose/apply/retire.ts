import { sleep } from '#base/clock.ts'
import type { Action } from '#compose/plan/step.ts'
import { stopAfterHooks } from './hooks.ts'
import type { Switches } from './switches.ts'
import type { Session, Told, World } from './world.ts'

type Retire = Extract<Action, { readonly kind: 'container.retire' }>

/** Milliseconds between two looks at the connections that are left; only while one is waited for. */
const interval = 100

/** Lets the connections of a container end that was replaced, for as long as it may take to stop, then stops and removes it; tells what was counted. */
export async function retire(
  { service, name, old, ports, preStop, keepOld }: Retire,
  context: Session & { readonly switches: Switches },
  told: Told,
): Promise<string> {
  const { world, report, signal, switches, stopTimeout } = context
  const before = world.containers.find(old)
  // Nothing took its place.
  if (before === undefined || before.name === name) return 'Unchanged'
  const open = world.containers.connections(old, ports)
  await drain(old, ports, { world, signal, patience: (stopTimeout ?? before.stopGracePeriod) * 1000 })
  const left = world.containers.connections(old, ports)
  await stopAfterHooks(old, { world, told, timeout: stopTimeout, hooks: preStop, replaced: true })
  const counted = switches.end(old)
  if (!keepOld) await world.containers.remove(old, { volumes: false })
  // Who listens on nothing has no connections to count.
  if (ports.length > 0)
    report({ type: 'switch', service, subject: `Container ${name}`, open, left, ...(counted !== undefined && { counted }) })
  return keepOld ? 'Stopped' : 'Removed'
}

/** Waits until the ports have no connection from outside, at most `patience` milliseconds. */
export async function drain(
  container: string,
  ports: readonly number[],
  { world, signal, patience }: { readonly world: World; readonly signal: AbortSignal; readonly patience: number },
): Promise<void> {
  const deadline = world.clock.now() + patience
  while (world.containers.connections(container, ports) > 0 && world.clock.now() < deadline) await sleep(world.clock, interval, signal)
}
