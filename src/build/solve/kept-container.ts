import { stepLabel } from '../builder.ts'
import { storeStep } from '../output/store-image.ts'
import type { Stage } from './stage.ts'

/** Whether the container of a command that came back with this code stays, as the request asks for it. */
export function outlives({ solver }: Stage, exitCode: number): boolean {
  const { keepsContainers } = solver.request
  return keepsContainers === 'all' || (keepsContainers === 'of failures' && exitCode !== 0)
}

/**
 * Makes a step's container, which has ended, one that outlives the build: it stands on an image of the files that the step found. What
 * a build lends its steps goes: their mounts, and the host's certificates and proxies, which a commit would write into an image.
 */
export async function keepContainer(stage: Stage, id: string): Promise<void> {
  const { builder } = stage.solver
  const { containers } = builder.engine
  const image = await storeStep(stage.solver, stage.state())
  stage.image = image
  const lent = new Set(Object.entries((await builder.surroundings()).environment).map(([name, value]) => `${name}=${value}`))
  await containers.inTurn(id, async () => {
    const { config, hostConfig, ...container } = containers.get(id)
    const { [stepLabel]: _ours, ...labels } = config.Labels
    await containers.save({
      ...container,
      image,
      config: {
        ...config,
        Image: image,
        Labels: { ...stage.config.Labels, ...stage.solver.request.labels, ...labels },
        Env: config.Env.filter((entry) => !lent.has(entry)),
      },
      hostConfig: { ...hostConfig, Mounts: [], Tmpfs: {} },
      mounts: [],
    })
  })
}
