import { defaultPath } from '#base/default-path.ts'
import type { Digest } from '#base/digest.ts'
import { GalleyError, withAdvice } from '#base/error.ts'
import { canonicalReference, familiarReference, parseImageReference, withDefaultTag } from '#base/image-reference.ts'
import { nearest } from '#base/nearest.ts'
import type { Platform } from '#content/manifests/manifest.ts'
import { architectureOf, formatPlatform, hostPlatform, parsePlatform } from '#content/manifests/platform.ts'
import type { Image } from '#engine/images/model.ts'
import { imageMaterial } from '../attest/materials.ts'
import type { PlannedStage } from '../graph/plan.ts'
import type { Solver } from './solver.ts'
import { setEnv } from './configure.ts'
import type { State } from './state.ts'
import { internalVertex, stepVertex, within } from './vertices.ts'

/** What a stage starts from: an image, another stage, or nothing. Throws what bringing the image throws. */
export async function baseOf(solver: Solver, planned: PlannedStage): Promise<State> {
  const { base } = planned
  if (base.kind === 'stage') return solver.stage(base.index)
  if (base.kind === 'image') return imageBase(solver, planned, base)
  const named = base.kind === 'context' ? solver.contexts.get(base.name) : undefined
  if (named?.kind === 'image' && named.reference !== 'scratch')
    return imageBase(solver, planned, { reference: named.reference, platform: undefined })
  return emptyState(platformOf(solver, undefined), solver.request.classic === true ? {} : { WorkingDir: '/' })
}

async function imageBase(
  solver: Solver,
  planned: PlannedStage,
  { reference, platform }: { readonly reference: string; readonly platform: string | undefined },
): Promise<State> {
  checkName(reference, planned.stage.base)
  const image = await findImage(solver, reference, { stage: planned.index, platform: platformOf(solver, platform) })
  const text = `FROM ${shownReference(reference)}`
  const vertex = stepVertex(planned, { position: 1, text, parents: [image.vertex], stages: solver.plan.all.length })
  await within(solver.emit, vertex, async (begun) => {
    begun.cached = true
  })
  const state = { ...stateOf(image), vertex: vertex.id }
  solver.traced.push({ stage: planned.index, vertex, place: planned.stage.place, layers: state.layers })
  return state
}

/** Throws `invalid`, worded as BuildKit's, for what can't be an image's name, as when a variable has no value. */
function checkName(reference: string, written: string): void {
  try {
    shownReference(reference)
  } catch (cause) {
    if (!(cause instanceof GalleyError) || !written.includes('$')) throw cause
    throw new GalleyError('invalid', `failed to parse stage name "${reference}": ${cause.message}`, {
      code: 'reference.invalid',
      subject: reference,
      advice: `Variables of FROM have their values from an ARG before the first FROM, or from --build-arg: ${written}`,
      cause,
    })
  }
}

const isId = (text: string): boolean => /^(sha256:)?[a-f0-9]{64}$/.test(text)

/** As BuildKit writes it: in full. An id stays an id. */
function shownReference(text: string): string {
  return isId(text) ? text : canonicalReference(withDefaultTag(parseImageReference(text)))
}

function emptyState(platform: Platform, config: State['config']): State {
  const state: State = {
    layers: [],
    config: { ...config },
    platform,
    inherited: [],
    steps: [],
    author: undefined,
    vertex: undefined,
    image: undefined,
    args: new Map(),
  }
  setEnv(state.config, 'PATH', defaultPath)
  return state
}

function platformOf(solver: Solver, text: string | undefined): Platform {
  return text === undefined ? (solver.request.platform ?? hostPlatform()) : parsePlatform(text)
}

function stateOf({ id, config, layers }: Image): State {
  const { config: own = {}, os, architecture, variant, history = [], author } = config
  const state: State = {
    layers,
    config: { ...own },
    platform: { os, architecture, ...(variant !== undefined && { variant }) },
    inherited: history,
    steps: [],
    author: author === '' ? undefined : author,
    vertex: undefined,
    image: id,
    args: new Map(),
  }
  if (!(own.Env ?? []).some((entry) => entry.startsWith('PATH='))) setEnv(state.config, 'PATH', defaultPath)
  return state
}

export interface Found extends Image {
  /** The work that found it. */
  readonly vertex: Digest
}

interface Where {
  readonly stage: number
  readonly platform: Platform
}

/** An image by name or id, brought here when it is not, or when the newest one is asked for. */
export function findImage(solver: Solver, text: string, where: Where): Promise<Found> {
  return solver.images.once(`${formatPlatform(where.platform)} ${text}`, () => {
    const vertex = internalVertex(`[internal] load metadata for ${shownReference(text)}`)
    return within(solver.emit, vertex, async () => {
      const image = await bring(solver, text, { ...where, vertex: vertex.id }).catch((error: unknown) => {
        throw meantStage(solver.plan.names, text, error)
      })
      const material = imageMaterial(text, where.platform, image)
      if (material !== undefined) solver.use(material)
      return { ...image, vertex: vertex.id }
    })
  })
}

/** What is no image may be a stage whose name was misspelt. */
function meantStage(names: Solver['plan']['names'], text: string, error: unknown): unknown {
  const meant = nearest(text, [...names.keys()])
  return meant === undefined || !(error instanceof GalleyError) ? error : withAdvice(error, `Did you mean the stage ${meant}?`)
}

async function bring(solver: Solver, text: string, where: Where & { readonly vertex: Digest }): Promise<Image> {
  const { stage, platform, vertex } = where
  const { images, obtain } = solver.builder
  const here = images.find(text)
  const fits = here !== undefined && architectureOf(here.config.architecture) === platform.architecture
  // No registry has a newer image of an id.
  if (fits && (solver.request.pull !== true || isId(text))) return here
  const reference = withDefaultTag(parseImageReference(text))
  await obtain(reference, {
    platform: solver.request.platform === undefined && platform.architecture === hostPlatform().architecture ? undefined : platform,
    credentials: await solver.request.credentials?.(reference),
    report: (transfer) => solver.emit({ type: 'transfer', stage, vertex, transfer }),
    signal: solver.signal,
  })
  const image = images.resolve(familiarReference(reference))
  if (architectureOf(image.config.architecture) === platform.architecture) return image
  throw new GalleyError(
    'not found',
    `image with reference ${text} was found but does not provide the specified platform (${formatPlatform(platform)})`,
    { subject: text },
  )
}
