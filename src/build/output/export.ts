import { GalleyError } from '#base/error.ts'
import { familiarReference, withDefaultTag } from '#base/image-reference.ts'
import type { Digest } from '#base/digest.ts'
import { packTree } from '#content/layers/pack.ts'
import { saveImageAs } from '#engine/images/save.ts'
import type { Output } from '../request.ts'
import type { Solver } from '../solve/solver.ts'
import type { State } from '../solve/state.ts'
import { internalVertex, within } from '../solve/vertices.ts'
import { storeImage } from './store-image.ts'

/** Gives a build's result to all its outputs, one after the other, and resolves with the image's id. */
export async function exportResult(solver: Solver, state: State): Promise<{ id: Digest }> {
  const { builder, request } = solver
  const { outputs = [{ kind: 'image' }] } = request
  const parents = state.vertex === undefined ? [] : [state.vertex]
  const known = new Set(builder.images.list().map((image) => image.id))
  const id = await storeImage(solver, state)
  for (const output of outputs)
    await within(solver.emit, internalVertex(titles[output.kind], parents), ({ id: vertex }) =>
      exporters[output.kind](output as never, { solver, state, id, vertex }),
    )
  if (!outputs.some(({ kind }) => kind === 'image') && !known.has(id)) await builder.images.remove(id)
  return { id }
}

interface Exporting {
  readonly solver: Solver
  readonly state: State
  readonly id: Digest
  readonly vertex: Digest
}

type Exporters = { readonly [K in Output['kind']]: (output: Extract<Output, { kind: K }>, exporting: Exporting) => Promise<void> }

const titles: Readonly<Record<Output['kind'], string>> = {
  image: 'exporting to image',
  archive: 'exporting to docker image format',
  tar: 'sending tarball',
  files: 'exporting to client directory',
}

const exporters: Exporters = {
  async image({ push = false }, { solver, id, vertex }) {
    const { builder, request } = solver
    solver.emit({ type: 'built', id })
    for (const tag of request.tags) {
      await builder.images.refer(tag, id)
      solver.emit({ type: 'tagged', reference: familiarReference(withDefaultTag(tag)) })
    }
    if (!push) return
    if (request.tags.length === 0)
      throw new GalleyError('invalid', 'tag is needed when pushing to registry', { code: 'build.push-without-tag' })
    for (const tag of request.tags) {
      const reference = withDefaultTag(tag)
      const report: Parameters<typeof builder.publish>[1]['report'] = (transfer) =>
        solver.emit({ type: 'transfer', stage: solver.plan.target, vertex, transfer })
      await builder.publish(reference, { credentials: await request.credentials?.(reference), report, signal: solver.signal })
    }
  },
  async archive({ names, sink }, { solver, id }) {
    const { images } = solver.builder
    await sink(await saveImageAs(images, images.resolve(id), (names ?? solver.request.tags).map(withDefaultTag)))
  },
  async tar({ sink }, { solver, state }) {
    await sink(packTree(solver.workspace.tree(state.layers)))
  },
  async files({ sink }, { solver, state }) {
    await sink(solver.workspace.tree(state.layers))
  },
}
