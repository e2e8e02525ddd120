import type { HistoryEntry, ImageConfig } from '#engine/images/model.ts'
import type { State, Step } from '../solve/state.ts'

/** The configuration of a target's image but for its times, which `dated` fills in. */
export interface Assembled {
  readonly state: State
  readonly config: Omit<ImageConfig, 'created' | 'history'>
}

/** Puts the image's configuration together (OCI image-spec, config.md). Pure. */
export function assemble(state: State): Assembled {
  const { platform, author, config, layers } = state
  return {
    state,
    config: {
      ...platform,
      ...(author !== undefined && { author }),
      config: Object.fromEntries(Object.entries(config).filter(([name, value]) => isSaid(name, value))),
      rootfs: { type: 'layers', diff_ids: layers },
    },
  }
}

/** A command of no words is written as none, as by BuildKit. */
function isSaid(name: string, value: unknown): boolean {
  return value !== null && value !== undefined && !(['Cmd', 'Entrypoint'].includes(name) && Array.isArray(value) && value.length === 0)
}

/** Every time is the one that was asked for (SOURCE_DATE_EPOCH). */
export function datedAt({ state, config }: Assembled, epoch: number): ImageConfig {
  const created = new Date(epoch).toISOString()
  return { ...config, created, history: [...state.inherited, ...state.steps.map((step) => ({ created, ...entryOf(step) }))] }
}

/**
 * Adds times, in milliseconds since the epoch. Steps that changed no files take the time of the next one that did, and the last
 * ones `made`: a build whose every step is remembered gives the very same image.
 */
export function dated({ state, config }: Assembled, made: number): ImageConfig {
  let time = made
  const entries = state.steps.toReversed().map((step): HistoryEntry => {
    time = step.layer?.created ?? time
    return { created: new Date(time).toISOString(), ...entryOf(step) }
  })
  return { ...config, created: new Date(made).toISOString(), history: [...state.inherited, ...entries.toReversed()] }
}

function entryOf({ createdBy, layer }: Step): HistoryEntry {
  return { created_by: createdBy, comment: 'galley', ...(layer === undefined && { empty_layer: true }) }
}
