import { defaultPath } from '#base/default-path.ts'
import { GalleyError } from '#base/error.ts'
import { familiarReference, parseImageReference, withDefaultTag } from '#base/image-reference.ts'
import type { Platform } from '#content/manifests/manifest.ts'
import { architectureOf, formatPlatform, hostPlatform, parsePlatform } from '#content/manifests/platform.ts'
import type { Image } from '#engine/images/model.ts'
import type { PlannedStage } from '../graph/plan.ts'
import type { Run } from './run-build.ts'
import { setEnv } from './configure.ts'
import type { State } from './state.ts'

/** What a stage starts from: an image, another stage, or nothing. Throws what bringing the image throws. */
export async function baseOf(run: Run, { index, base }: PlannedStage): Promise<State> {
  if (base.kind === 'stage') return run.stage(base.index)
  if (base.kind === 'scratch') return emptyState(platformOf(run, undefined))
  return stateOf(await findImage(run, base.reference, { stage: index, platform: platformOf(run, base.platform) }))
}

function emptyState(platform: Platform): State {
  const state: State = { layers: [], config: {}, platform, inherited: [], steps: [], author: undefined, args: new Map() }
  setEnv(state.config, 'PATH', defaultPath)
  return state
}

function platformOf(run: Run, text: string | undefined): Platform {
  return text === undefined ? (run.request.platform ?? hostPlatform()) : parsePlatform(text)
}

export function stateOf({ config, layers }: Image): State {
  const { config: own = {}, os, architecture, variant, history = [], author } = config
  const state: State = {
    layers,
    config: { ...own },
    platform: { os, architecture, ...(variant !== undefined && { variant }) },
    inherited: history,
    steps: [],
    author: author === '' ? undefined : author,
    args: new Map(),
  }
  if (!(own.Env ?? []).some((entry) => entry.startsWith('PATH='))) setEnv(state.config, 'PATH', defaultPath)
  return state
}

/** An image by name or id, brought here when it is not, or when the newest one is asked for. */
export async function findImage(run: Run, text: string, where: { readonly stage: number; readonly platform: Platform }): Promise<Image> {
  const { images, obtain } = run.builder
  const here = images.find(text)
  const fits = here !== undefined && architectureOf(here.config.architecture) === where.platform.architecture
  if (fits && run.request.pull !== true) return here
  const reference = withDefaultTag(parseImageReference(text))
  await obtain(reference, {
    platform:
      run.request.platform === undefined && where.platform.architecture === hostPlatform().architecture ? undefined : where.platform,
    credentials: run.request.credentials?.(reference),
    report: (transfer) => run.emit({ type: 'transfer', stage: where.stage, transfer }),
    signal: run.signal,
  })
  const image = images.resolve(familiarReference(reference))
  if (architectureOf(image.config.architecture) !== where.platform.architecture) {
    throw new GalleyError(
      'not found',
      `image with reference ${text} was found but does not provide the specified platform (${formatPlatform(where.platform)})`,
      {
        subject: text,
      },
    )
  }
  return image
}
