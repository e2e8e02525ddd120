import { GalleyError, messageOf } from '#base/error.ts'
import type { Engine } from '#engine/containers/engine.ts'
import { exited, scheduleRestart } from '#engine/containers/exited.ts'
import type { KeeperEvents } from '#engine/containers/keeper-client.ts'
import type { Container } from '#engine/containers/model.ts'
import { reachKeeper } from './keeper.ts'

/**
 * Compares what the records say with what the keeper holds, at every start and whenever the keeper was lost: exits that
 * nobody saw are booked, containers that a reboot took are restarted as their policy says.
 */
export async function adopt(engine: Engine, stopping: AbortSignal): Promise<void> {
  const told = new Set<string>()
  let ready = false
  const events: KeeperEvents = {
    running(id, pid) {
      told.add(id)
      const container = engine.containers.find(id)
      if (container === undefined || ready) return
      container.state.pid = pid
      engine.networks.restore(id, container.addresses, container.ports)
    },
    exit(id, code, at) {
      told.add(id)
      settle(engine, id, { code, at })
    },
    lost() {
      if (stopping.aborted) return
      engine.log.warn('the keeper was lost; starting another')
      adopt(engine, stopping).catch((error: unknown) => engine.log.error('the keeper cannot be replaced', { error: messageOf(error) }))
    },
  }
  await reachKeeper(engine.keeper, events, engine)
  ready = true
  for (const container of engine.containers.list()) if (!told.has(container.id)) await recover(engine, container)
}

/** An exit of a container or of an exec session. */
function settle(engine: Engine, id: string, exit: { readonly code: number; readonly at: number }): void {
  const exec = engine.execs.find(id)
  if (exec !== undefined) {
    Object.assign(exec, { running: false, exitCode: exec.exitCode ?? exit.code })
    void engine.keeper.forget(id)
    return
  }
  exited(engine, id, exit).catch((error: unknown) => {
    if (!(error instanceof GalleyError && error.kind === 'not found'))
      engine.log.error('an exit could not be booked', { container: id, error: messageOf(error) })
  })
}

/** A container that nobody holds: what a reboot, or the death of everything, left over. */
async function recover(engine: Engine, container: Container): Promise<void> {
  const { state, hostConfig } = container
  if (state.status === 'running' || state.status === 'paused') {
    await exited(engine, container.id, { code: 255, at: engine.clock.now() })
  } else if (state.status === 'restarting') {
    scheduleRestart(engine, container)
  } else if (hostConfig.RestartPolicy.Name === 'always' && state.status === 'exited' && !state.stoppedByHand) {
    state.status = 'restarting'
    scheduleRestart(engine, container)
  }
}
