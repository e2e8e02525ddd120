import { createHash } from 'node:crypto'
import type { Digest } from '#base/digest.ts'
import type { Builder } from '../builder.ts'
import type { Solver } from '../solve/solver.ts'
import type { State } from '../solve/state.ts'
import { assemble, dated, datedAt, type Assembled } from './assemble.ts'

/** Puts a result into the image store, without a name, and resolves with its id. */
export async function storeImage({ builder, request, settings }: Solver, state: State): Promise<Digest> {
  const assembled = assemble(labelled(state, Object.entries(request.labels)))
  const config = settings.epoch === undefined ? dated(assembled, await firstMade(builder, assembled)) : datedAt(assembled, settings.epoch)
  const { id } = await builder.images.add(Buffer.from(JSON.stringify(config)))
  return id
}

function labelled(state: State, labels: readonly (readonly [string, string])[]): State {
  if (labels.length === 0) return state
  const createdBy = `LABEL ${labels.map(([name, value]) => `${name}=${value}`).join(' ')}`
  return {
    ...state,
    config: { ...state.config, Labels: { ...state.config.Labels, ...Object.fromEntries(labels) } },
    steps: [...state.steps, { createdBy, layer: undefined }],
  }
}

/** When an image of exactly this content was first made, which is remembered with the steps. */
async function firstMade({ cache, clock }: Builder, assembled: Assembled): Promise<number> {
  const step = { key: keyOf(assembled), text: '', fresh: false }
  const { result } = await cache.result(step, async () => ({ diffId: undefined, size: 0, created: clock.now() }))
  await cache.flush()
  return result.created
}

function keyOf(assembled: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify(['image', assembled]))
    .digest('hex')
}
