import { kindOf } from '#base/error.ts'
import type { Engine } from './engine.ts'

/** Removes those of the volumes that nobody named; one that another container has too (`--volumes-from`) goes with the last of them, as in Docker. */
export async function removeAnonymous(engine: Engine, volumes: readonly string[]): Promise<void> {
  for (const name of volumes) {
    if (!/^[0-9a-f]{64}$/.test(name)) continue
    try {
      await engine.volumes.remove(name)
    } catch (error) {
      if (!['conflict', 'not found'].includes(kindOf(error))) throw error
    }
  }
}
