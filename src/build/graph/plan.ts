import { GalleyError } from '#base/error.ts'
import { expandWord } from '../dockerfile/expand.ts'
import type { Dockerfile, Instruction, Stage } from '../dockerfile/model.ts'
import { didYouMean, parseError } from '../dockerfile/problem.ts'

export type Base =
  | { readonly kind: 'stage'; readonly index: number }
  | { readonly kind: 'image'; readonly reference: string; readonly platform: string | undefined }
  | { readonly kind: 'scratch' }
  /** What the client calls so. */
  | { readonly kind: 'context'; readonly name: string }

export interface PlannedStage {
  readonly index: number
  readonly stage: Stage
  readonly base: Base
  /** Earlier stages that it is made from, or copies or mounts from. */
  readonly needs: readonly number[]
}

export interface Plan {
  /** Only stages that the target needs, in the order of the file. */
  readonly stages: readonly PlannedStage[]
  /** Every stage of the file: a base image's triggers (`ONBUILD COPY --from`) can need more than the file shows. */
  readonly all: readonly PlannedStage[]
  readonly target: number
  /** Values of the `ARG`s in front of the first stage. */
  readonly globals: ReadonlyMap<string, string>
  /** Names of all stages of the file, for `--from`. */
  readonly names: ReadonlyMap<string, number>
}

export interface Wishes {
  /** Name or number of a stage; the last one when undefined. */
  readonly target: string | undefined
  readonly args: ReadonlyMap<string, string>
  /** Arguments that exist without being declared. */
  readonly automatic: ReadonlyMap<string, string>
  /** Contexts that the client names, in lower case: they take the place of stages and images. */
  readonly contexts: ReadonlySet<string>
}

/** Decides which stages are built, and from what. Pure. Throws `invalid`. */
export function planBuild(file: Dockerfile, { target, args, automatic, contexts }: Wishes): Plan {
  const globals = globalArgs(file, args, automatic)
  const names = new Map<string, number>()
  const stages = file.stages.map((written, index): PlannedStage => {
    const replaced = written.name !== undefined && contexts.has(written.name)
    const stage = replaced ? { ...written, instructions: [] } : written
    const base: Base = replaced
      ? { kind: 'context', name: written.name ?? '' }
      : baseOf(file, stage, { globals, automatic, names, contexts })
    const needs = new Set(base.kind === 'stage' ? [base.index] : [])
    for (const instruction of stage.instructions)
      for (const source of sourcesOf(instruction)) {
        const found = findStage(source, names, index)
        if (found !== undefined) needs.add(found)
        else if (instruction.keyword === 'copy' && !contexts.has(source.toLowerCase()))
          checkSource(source, instruction, { stage, index, later: file.stages.slice(index + 1) })
      }
    if (stage.name !== undefined) names.set(stage.name, index)
    return { index, stage, base, needs: [...needs].toSorted((a, b) => a - b) }
  })
  const chosen = targetOf(target, names, stages.length)
  const needed = closure(stages, chosen)
  return { stages: stages.filter(({ index }) => needed.has(index)), all: stages, target: chosen, globals, names }
}

function globalArgs(file: Dockerfile, args: ReadonlyMap<string, string>, automatic: ReadonlyMap<string, string>): Map<string, string> {
  const globals = new Map<string, string>()
  const lookup = (name: string): string | undefined => globals.get(name) ?? automatic.get(name)
  for (const { args: declared, place } of file.globals)
    for (const { name, value } of declared) {
      const given =
        args.get(name) ??
        (value === undefined ? automatic.get(name) : placed(place, () => expandWord(value, { lookup, escape: file.escape })))
      if (given !== undefined) globals.set(name, given)
    }
  return globals
}

/** Adds the place to a failed expansion's message. */
export function placed<T>(place: Stage['place'], task: () => T): T {
  try {
    return task()
  } catch (error) {
    if (error instanceof GalleyError && error.code === 'dockerfile.expansion') throw parseError(place, error.message)
    throw error
  }
}

interface Scope {
  readonly globals: ReadonlyMap<string, string>
  readonly automatic: ReadonlyMap<string, string>
  readonly names: ReadonlyMap<string, number>
  readonly contexts: ReadonlySet<string>
}

function baseOf({ escape }: Dockerfile, stage: Stage, { globals, automatic, names, contexts }: Scope): Base {
  const lookup = (name: string): string | undefined => globals.get(name) ?? automatic.get(name)
  const expand = (text: string): string => placed(stage.place, () => expandWord(text, { lookup, escape }))
  const reference = expand(stage.base)
  if (reference === '') throw parseError(stage.place, `base name (${stage.base}) should not be blank`)
  const index = names.get(reference.toLowerCase())
  if (index !== undefined) return { kind: 'stage', index }
  if (contexts.has(reference.toLowerCase())) return { kind: 'context', name: reference.toLowerCase() }
  if (reference === 'scratch') return { kind: 'scratch' }
  const platform = stage.platform === undefined ? '' : expand(stage.platform)
  return { kind: 'image', reference, platform: platform === '' ? undefined : platform }
}

/** What an instruction takes from elsewhere, as `--from` and `from=` name it. */
export function sourcesOf(instruction: Instruction): string[] {
  if (instruction.keyword === 'copy') return instruction.from === undefined ? [] : [instruction.from]
  if (instruction.keyword === 'run') return instruction.mounts.flatMap((mount) => mount.get('from') ?? [])
  return []
}

/** Where in a file a source is named. */
interface Place {
  readonly stage: Stage
  readonly index: number
  readonly later: readonly Stage[]
}

/** Throws `invalid` for what can only mean a stage, and leads to none that is done by then. */
function checkSource(source: string, { place }: Instruction, { stage, index, later }: Place): void {
  if (source.toLowerCase() === stage.name || source === String(index))
    throw parseError(place, `circular dependency detected on stage: ${stage.name ?? `stage-${index}`}`)
  if (later.some(({ name }) => name === source.toLowerCase()))
    throw parseError(
      place,
      `cannot copy from stage "${source}", it needs to be defined before current stage "${stage.name ?? `stage-${index}`}"`,
    )
  if (source.includes('$'))
    throw parseError(
      place,
      'variable expansion is not supported for --from, define a new stage with FROM using ARG from global scope as a workaround',
    )
  if (/^\d+$/.test(source)) throw parseError(place, `invalid stage index ${source}`)
}

/** A stage before `before`, by name or number; undefined when it is none, and so an image's name. */
export function findStage(text: string, names: ReadonlyMap<string, number>, before: number): number | undefined {
  const index = names.get(text.toLowerCase()) ?? (/^\d+$/.test(text) ? Number(text) : undefined)
  return index !== undefined && index < before ? index : undefined
}

function targetOf(target: string | undefined, names: ReadonlyMap<string, number>, count: number): number {
  if (target === undefined || target === '') return count - 1
  const index = findStage(target, names, count)
  if (index === undefined)
    throw new GalleyError('invalid', `target stage "${target}" could not be found${didYouMean(target, [...names.keys()])}`, {
      code: 'build.no-target',
      subject: target,
    })
  return index
}

function closure(stages: readonly PlannedStage[], target: number): Set<number> {
  const needed = new Set<number>()
  const visit = (index: number): void => {
    if (needed.has(index)) return
    needed.add(index)
    for (const other of stages[index]?.needs ?? []) visit(other)
  }
  visit(target)
  return needed
}
