import { label } from '#base/compose-labels.ts'
import { GalleyError } from '#base/error.ts'
import type { CreateRequest } from '#engine/containers/create.ts'
import type { PlacedFile } from '#compose/plan/files.ts'
import { withImage } from './with-image.ts'
import { awaitEnd } from './wait.ts'
import type { Session, Told } from './world.ts'

/** Lines of a hook's output that are told. */
const tail = 200

interface PreStart {
  readonly preStart: readonly CreateRequest[]
  readonly files: readonly PlacedFile[]
}

/**
 * Runs a service's `pre_start` hooks, each in a container of its own with the volumes of the one that is about to start, and removes them.
 * Throws `conflict` for the first that fails; its container stays, to be looked into, until the next time or `down`.
 */
export async function runPreStart(container: string, { preStart, files }: PreStart, { world, signal }: Session, told: Told): Promise<void> {
  for (const request of preStart) {
    const { name = '', config, hostConfig } = request
    if (world.containers.find(name) !== undefined) await world.containers.remove(name, { volumes: true })
    const command = ((config['Cmd'] as readonly string[] | undefined) ?? [String(config['Image'])]).join(' ')
    told.progress(`runs ${command}`)
    const { id } = await world.containers.create(withImage({ ...request, hostConfig: { ...hostConfig, VolumesFrom: [container] } }, world))
    await world.containers.place(id, files)
    await world.containers.start(id)
    const exitCode = await awaitEnd(id, { world, signal })
    for (const line of await world.containers.logTail(id, tail)) told.output(line)
    if (exitCode !== 0)
      throw new GalleyError('conflict', `${hookName(request)} hook exited with status ${exitCode}: ${command}`, {
        code: 'compose.hook-failed',
        advice: `docker logs ${name} has all that it wrote.`,
      })
    await world.containers.remove(id, { volumes: true })
  }
}

/** As Docker Compose calls it: its service, and its place among the service's. */
function hookName({ name = '', config }: CreateRequest): string {
  const { [label.service]: service = '' } = (config['Labels'] ?? {}) as Readonly<Record<string, string>>
  return `${service} pre_start[${/-pre_start-(\d+)$/.exec(name)?.[1] ?? 0}]`
}
