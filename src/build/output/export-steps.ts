import { familiarReference, withDefaultTag, type ImageReference } from '#base/image-reference.ts'
import type { Digest } from '#base/digest.ts'
import { saveComposition } from '#engine/images/save.ts'
import { cacheConfig, type CarriedStep } from '../cache/carried.ts'
import type { CacheMode, CacheTarget } from '../request.ts'
import type { Solver } from '../solve/solver.ts'
import type { State } from '../solve/state.ts'
import { internalVertex, within } from '../solve/vertices.ts'

/** Gives the build's steps to the request's cache targets; `inline` is the image's own business. */
export async function exportSteps(solver: Solver, state: State): Promise<void> {
  for (const target of solver.request.cacheTo ?? []) {
    if (target.kind === 'inline') continue
    const parents = state.vertex === undefined ? [] : [state.vertex]
    await within(
      solver.emit,
      internalVertex(`exporting cache to ${target.kind === 'registry' ? 'registry' : 'client directory'}`, parents),
      ({ id }) => exportTo(solver, target, { steps: stepsFor(solver, state, target.mode), platform: state.platform, vertex: id }),
    )
  }
}

/** `min`: those that the result itself is made of. */
export function stepsFor(solver: Solver, { layers }: State, mode: CacheMode): readonly CarriedStep[] {
  // Stages end in any order; the image that holds their steps must not differ for that.
  const all = [...solver.done.values()].toSorted((a, b) => (a.key < b.key ? -1 : 1))
  return mode === 'max' ? all : all.filter(({ diffId }) => diffId === undefined || layers.includes(diffId))
}

interface Exporting {
  readonly steps: readonly CarriedStep[]
  readonly platform: State['platform']
  readonly vertex: Digest
}

/** The steps travel as an image that has their layers, which every registry takes. */
async function exportTo(
  solver: Solver,
  target: Exclude<CacheTarget, { kind: 'inline' }>,
  { steps, platform, vertex }: Exporting,
): Promise<void> {
  const { images } = solver.builder
  const known = new Set(images.list().map((image) => image.id))
  const { id } = await images.add(Buffer.from(JSON.stringify(cacheConfig(platform, steps))))
  try {
    if (target.kind === 'archive') await target.sink(await saveComposition(images, { members: [{ image: id }] }, []))
    else await push(solver, withDefaultTag(target.reference), { id, vertex })
  } finally {
    // A push takes it away with its name.
    if (!known.has(id) && images.index.get(id) !== undefined) await images.remove(id, { force: true })
  }
}

/** Only what has a name can be pushed: another image gets the name back afterwards. */
async function push(
  solver: Solver,
  reference: ImageReference,
  { id, vertex }: { readonly id: Digest; readonly vertex: Digest },
): Promise<void> {
  const { builder, request, signal, emit, plan } = solver
  const before = builder.images.findByName(reference)
  await builder.images.refer(reference, id)
  try {
    await builder.publish(reference, {
      credentials: await request.credentials?.(reference),
      report: (transfer) => emit({ type: 'transfer', stage: plan.target, vertex, transfer }),
      signal,
    })
  } finally {
    if (before !== undefined) await builder.images.refer(reference, before.id)
    else await builder.images.remove(familiarReference(reference))
  }
}
