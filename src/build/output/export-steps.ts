import { digestOf, type Digest } from '#base/digest.ts'
import { withDefaultTag } from '#base/image-reference.ts'
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

/** The steps travel as an image that has their layers, which every registry takes, and which has no name here. */
async function exportTo(
  { builder, request, signal, emit, plan }: Solver,
  target: Exclude<CacheTarget, { kind: 'inline' }>,
  { steps, platform, vertex }: Exporting,
): Promise<void> {
  const { images } = builder
  const configuration = Buffer.from(JSON.stringify(cacheConfig(platform, steps)))
  const composition = { members: [{ image: digestOf(configuration) }] }
  try {
    using _held = images.hold(digestOf(configuration))
    await images.add(configuration)
    if (target.kind === 'archive') return await target.sink(await saveComposition(images, composition, []))
    const reference = withDefaultTag(target.reference)
    await builder.publishComposition(composition, reference, {
      credentials: await request.credentials?.(reference),
      report: (transfer) => emit({ type: 'transfer', stage: plan.target, vertex, transfer }),
      signal,
    })
  } finally {
    // Unless another build is just sending the same.
    await images.deleteUnused(digestOf(configuration))
  }
}
