import { createHash } from 'node:crypto'
import type { Digest } from '#base/digest.ts'
import type { Builder } from '../builder.ts'
import type { BuildRequest } from '../request.ts'
import type { State } from '../solve/state.ts'
import { assemble, dated } from './assemble.ts'

/** Puts a result into the image store, without a name, and resolves with its id. */
export async function storeImage(builder: Builder, request: BuildRequest, state: State): Promise<Digest> {
  const labels = Object.entries(request.labels)
  const labelled: State =
    labels.length === 0
      ? state
      : {
          ...state,
          config: { ...state.config, Labels: { ...state.config.Labels, ...request.labels } },
          steps: [...state.steps, { createdBy: `LABEL ${labels.map(([name, value]) => `${name}=${value}`).join(' ')}`, layer: undefined }],
        }
  const assembled = assemble(labelled)
  const { result } = await builder.cache.result({ key: keyOf(assembled), text: '', fresh: false }, async () => ({
    diffId: undefined,
    size: 0,
    created: builder.clock.now(),
  }))
  await builder.cache.flush()
  const { id } = await builder.images.add(Buffer.from(JSON.stringify(dated(assembled, result.created))))
  return id
}

/** When an image of exactly this content was first made is remembered with the steps. */
function keyOf(assembled: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify(['image', assembled]))
    .digest('hex')
}
