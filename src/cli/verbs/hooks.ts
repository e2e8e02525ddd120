import { GalleyError } from '#base/error.ts'
import { ask } from '../connect.ts'
import { readLines } from '../lines.ts'
import type { Progress } from '../progress.ts'
import type { ContainerRow } from './containers.ts'

/** How a declaration in the containers' label calls its hooks. */
const keys = { post_start: '"postStart":', pre_stop: '"preStop":' } as const

/** Lets the daemon run the hooks that a running container was made with, if it was made with any. Throws what failed. */
export async function runHooks({ Id, Labels }: ContainerRow, moment: keyof typeof keys, progress: Progress): Promise<void> {
  if (Labels['dev.galley.declared']?.includes(keys[moment]) !== true) return
  for await (const line of readLines(await ask(`/galley/v1/containers/${Id}/hooks/${moment}`, { method: 'POST' }))) {
    if (line.type === 'error') throw new GalleyError(line.kind, line.message, line.advice === undefined ? {} : { advice: line.advice })
    progress.draw(line)
  }
}
