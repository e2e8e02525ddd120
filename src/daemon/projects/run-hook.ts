import type { BareHook } from '#compose/model/model.ts'
import type { Engine } from '#engine/containers/engine.ts'
import type { Container } from '#engine/containers/model.ts'
import { runInside } from '#engine/health/probe.ts'

/** Milliseconds that a hook may take. */
const patience = 600_000
/** Bytes of its output that are shown. */
const mostOutput = 1 << 20

/** Runs a hook in a running container, as its user and in its environment unless the hook says otherwise. */
export async function runHook(engine: Engine, container: Container, hook: BareHook): Promise<{ exitCode: number; output: string }> {
  const { command, user = '', workingDir = '', privileged = false, environment } = hook
  const { exitCode, output, isLate } = await runInside(engine, container, {
    command,
    timeout: patience,
    mostOutput,
    user,
    workingDir,
    privileged,
    env: Object.entries(environment).map(([name, value]) => `${name}=${value}`),
  })
  return { exitCode, output: isLate ? `${output}\nkilled, as it took longer than ${patience / 60_000} minutes` : output }
}
