import type { BareHook } from '#compose/model/model.ts'
import type { Engine } from '#engine/containers/engine.ts'
import type { Container } from '#engine/containers/model.ts'
import { runInside } from '#engine/health/probe.ts'

/** Milliseconds that a hook may take. */
const patience = 600_000

/** Runs a hook in a running container, as its user and in its environment unless the hook says otherwise. */
export async function runHook(engine: Engine, container: Container, hook: BareHook): Promise<{ exitCode: number; output: string }> {
  const { command, user = '', workingDir = '', privileged = false, environment } = hook
  return await runInside(engine, container, {
    command,
    timeout: patience,
    user,
    workingDir,
    privileged,
    env: Object.entries(environment).map(([name, value]) => `${name}=${value}`),
  })
}
