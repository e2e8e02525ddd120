import type { Digest } from '#base/digest.ts'
import { GalleyError, messageOf } from '#base/error.ts'
import { familiarReference, withDefaultTag, type ImageReference } from '#base/image-reference.ts'
import { architectureOf } from '#content/manifests/platform.ts'
import { loadImages } from '#engine/images/load.ts'
import type { Image } from '#engine/images/model.ts'
import type { CacheSource } from '../request.ts'
import type { Solver } from '../solve/solver.ts'
import { internalVertex, within } from '../solve/vertices.ts'
import { stepsIn } from './carried.ts'

/** Looks at what the request's cache sources hold. One that can't be had, or holds nothing, is told of and left out. */
export async function importSteps(solver: Solver): Promise<void> {
  for (const source of solver.request.cacheFrom ?? []) {
    const name = source.kind === 'image' ? familiarReference(withDefaultTag(source.reference)) : 'archive'
    const vertex = internalVertex(`importing cache manifest from ${name}`)
    try {
      await within(solver.emit, vertex, async () => {
        if ((await importFrom(solver, source, vertex.id)) === 0)
          throw new GalleyError('not found', `${name} holds no build cache that Galley reads`, { code: 'cache.none', subject: name })
      })
    } catch (error) {
      if (!(error instanceof GalleyError) || solver.signal.aborted) throw error
      solver.emit({ type: 'warning', text: `the cache of ${name} is not used: ${messageOf(error)}` })
    }
  }
}

/** Resolves with how many steps there were. */
async function importFrom(solver: Solver, source: CacheSource, vertex: Digest): Promise<number> {
  if (source.kind === 'image') return importImage(solver, source, vertex)
  const bytes = await source.open()
  if (bytes === undefined) return 0
  const { images } = solver.builder
  const known = new Set(images.list().map(({ id }) => id))
  const loaded = await loadImages(images, bytes)
  let count = 0
  for (const { image } of loaded) {
    count += await take(solver, image)
    if (!known.has(image.id) && !images.isHeld(image.id)) await images.remove(image.id, { force: true })
  }
  return count
}

/** An image that is only brought for this goes again; layers that the build takes stay, as nothing is collected while it runs. */
async function importImage(solver: Solver, source: ImageSource, vertex: Digest): Promise<number> {
  const reference = withDefaultTag(source.reference)
  const here = solver.builder.images.findByName(reference)
  if (here === undefined) return obtainImage(solver, reference, { vertex, here })
  const count = await take(solver, here)
  if (count > 0) {
    if (source.prefersHere === true) takeHistory(solver, here)
    return count
  }
  const told = takeHistory(solver, here)
  if (source.prefersHere === true) return told
  try {
    return await obtainImage(solver, reference, { vertex, here })
  } catch (error) {
    // Its registry need not have it: it was made here.
    if (!(error instanceof GalleyError) || solver.signal.aborted) throw error
    return told
  }
}

type ImageSource = Extract<CacheSource, { kind: 'image' }>

async function obtainImage(
  solver: Solver,
  reference: ImageReference,
  { vertex, here }: { readonly vertex: Digest; readonly here: Image | undefined },
): Promise<number> {
  const { builder, request, signal, emit, plan } = solver
  const { images, obtain } = builder
  await obtain(reference, {
    platform: undefined,
    credentials: await request.credentials?.(reference),
    report: (transfer) => emit({ type: 'transfer', stage: plan.target, vertex, transfer }),
    signal,
  })
  const brought = images.resolve(familiarReference(reference))
  const count = await take(solver, brought)
  if (here === undefined) await images.remove(familiarReference(reference))
  else if (brought.id !== here.id) await images.refer(reference, here.id)
  return count
}

/** Resolves with how many steps it tells of. */
function takeHistory({ histories }: Solver, { config, layers, created }: Image): number {
  const { history = [], architecture } = config
  histories.push({ layers, history, architecture: architectureOf(architecture), created })
  return history.length
}

/** They hold for this build alone: what it takes of them becomes this machine's own, as if it had been made here. */
async function take({ builder, imported }: Solver, { id, layers }: Image): Promise<number> {
  const steps = stepsIn(await builder.images.content.blobs.read(id), layers)
  for (const step of steps) imported.set(step.key, step)
  return steps.length
}
