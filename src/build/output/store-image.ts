import { createHash } from 'node:crypto'
import { digestOf, type Digest } from '#base/digest.ts'
import type { ImageConfig } from '#engine/images/model.ts'
import type { Solver } from '../solve/solver.ts'
import type { State } from '../solve/state.ts'
import { withSteps } from '../cache/carried.ts'
import { stepsFor } from './export-steps.ts'
import { assemble, dated, datedAt, type Assembled } from './assemble.ts'

/** Puts a result into the image store, without a name, and resolves with its id. */
export async function storeImage(solver: Solver, state: State): Promise<Digest> {
  const config = await configOf(solver, labelled(state, Object.entries(solver.request.labels)))
  return store(solver, state, isInline(solver) ? withSteps(config, stepsFor(solver, state, 'min')) : config)
}

/** The same for what a stage has come to while it is under way. */
export async function storeStep(solver: Solver, state: State): Promise<Digest> {
  // Nothing was done since: it is the base image.
  if (state.image !== undefined && state.steps.length === 0) return state.image
  return store(solver, state, await configOf(solver, state))
}

async function configOf(solver: Solver, state: State): Promise<ImageConfig> {
  const assembled = assemble(state)
  const { epoch } = solver.settings
  return epoch === undefined ? dated(assembled, await firstMade(solver, assembled)) : datedAt(assembled, epoch)
}

/** Images of steps are told from those that people made by having children. */
async function store({ builder, request, workspace }: Solver, state: State, config: object): Promise<Digest> {
  const parent = request.keepsContainers === 'all' ? state.image : undefined
  const configuration = Buffer.from(JSON.stringify(config))
  // It has no name yet, and a prune may come before it has.
  workspace.held.use(builder.images.hold(digestOf(configuration)))
  return (await builder.images.add(configuration, parent)).id
}

function isInline({ request }: Solver): boolean {
  return (
    ['1', 'true'].includes(request.args.get('BUILDKIT_INLINE_CACHE') ?? '') ||
    request.cacheTo?.some(({ kind }) => kind === 'inline') === true
  )
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

/** When an image of exactly this content was first made, which is remembered, and travels, with the steps; now, where nothing is to be taken from before. */
async function firstMade(solver: Solver, assembled: Assembled): Promise<number> {
  const { builder, imported, done, plan, signal } = solver
  const { cache, clock } = builder
  const step = { key: keyOf(assembled), text: '', fresh: solver.refuses(plan.target), signal }
  const { result } = await cache.result(step, async () => imported.get(step.key) ?? { diffId: undefined, size: 0, created: clock.now() })
  await cache.flush()
  const { diffId, size, created } = result
  done.set(step.key, { key: step.key, text: '', diffId, size, created })
  return created
}

function keyOf(assembled: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify(['image', assembled]))
    .digest('hex')
}
