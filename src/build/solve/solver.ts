import { GalleyError } from '#base/error.ts'
import type { Digest } from '#base/digest.ts'
import { keyOf, type Material } from '../attest/materials.ts'
import type { CarriedStep } from '../cache/carried.ts'
import type { MadeImage } from '../cache/history.ts'
import type { BuildRequest } from '../request.ts'
import type { Builder } from '../builder.ts'
import type { Dockerfile } from '../dockerfile/model.ts'
import type { Place } from '../dockerfile/problem.ts'
import type { Plan, PlannedStage } from '../graph/plan.ts'
import { settingsOf, type Settings } from '../settings.ts'
import type { BuildEvent, Vertex } from '../progress.ts'
import { baseOf, type Found } from './base.ts'
import { Contexts, type ContextParts } from './contexts.ts'
import { Once } from './once.ts'
import { solveStage } from './solve-stage.ts'
import { wantedPaths } from './wanted.ts'
import type { State } from './state.ts'
import type { Workspace } from './workspace.ts'

export interface SolverParts {
  readonly builder: Builder
  readonly request: BuildRequest
  readonly file: Dockerfile
  readonly plan: Plan
  readonly automatic: ReadonlyMap<string, string>
  readonly workspace: Workspace
  readonly main: ContextParts['main']
}

/** A step that is done. */
export interface TracedStep {
  readonly stage: number
  readonly vertex: Vertex
  readonly place: Place
  /** The file system's, after it. */
  readonly layers: readonly Digest[]
}

/** One build under way: every stage that the target needs, each solved once, those that don't need each other at the same time. */
export class Solver {
  readonly builder: Builder
  readonly settings: Settings
  readonly request: BuildRequest
  readonly file: Dockerfile
  readonly plan: Plan
  readonly automatic: ReadonlyMap<string, string>
  readonly workspace: Workspace
  readonly contexts: Contexts
  /** Aborted when the client goes away, or another stage fails. */
  readonly signal: AbortSignal
  /** Build arguments that an `ARG` asked for. */
  readonly consumed = new Set<string>()
  /** Images that were looked for, by platform and name. */
  readonly images = new Once<Found>()
  /** Results of the steps so far, by key. */
  readonly done = new Map<string, CarriedStep>()
  /** Results that came from elsewhere, by key. */
  readonly imported = new Map<string, CarriedStep>()
  /** Images whose histories tell of results too. */
  readonly histories: MadeImage[] = []
  /** What came from elsewhere, each once. */
  readonly materials = new Map<string, Material>()
  /** The steps that BuildKit would show, as they ended. */
  readonly traced: TracedStep[] = []
  readonly #bases = new Once<State>()
  readonly #stages = new Once<State>()
  readonly #failed = new AbortController()

  constructor(parts: SolverParts) {
    this.builder = parts.builder
    this.settings = settingsOf(parts.request.args)
    this.request = parts.request
    this.file = parts.file
    this.plan = parts.plan
    this.automatic = parts.automatic
    this.workspace = parts.workspace
    this.signal = AbortSignal.any([this.#failed.signal, ...(parts.request.signal === undefined ? [] : [parts.request.signal])])
    this.contexts = new Contexts({
      workspace: parts.workspace,
      emit: this.emit,
      signal: this.signal,
      named: parts.request.contexts ?? new Map(),
      main: parts.main,
      wanted: () => wantedPaths(this),
      use: (material) => material !== undefined && this.use(material),
    })
  }

  /** Solves the target; when a stage fails, the others are stopped first. */
  async solve(): Promise<State> {
    this.emit({ type: 'plan', stages: this.plan.stages.map(({ index }) => index) })
    try {
      for (const { index } of this.plan.stages) this.stage(index).catch((error: unknown) => this.#failed.abort(error))
      return await this.stage(this.plan.target)
    } catch (error) {
      throw this.#failed.signal.aborted ? this.#failed.signal.reason : error
    } finally {
      await this.#stages.settled()
    }
  }

  /** What a stage comes to. */
  stage(index: number): Promise<State> {
    const planned = this.plan.all[index]
    if (planned === undefined) throw new GalleyError('internal', `there is no stage ${index}`)
    return this.#stages.once(String(index), () => this.#solve(planned))
  }

  /** Takes down what a step took from elsewhere. */
  use(material: Material): void {
    this.materials.set(keyOf(material), material)
  }

  /** What a stage starts from; found once. */
  base(planned: PlannedStage): Promise<State> {
    return this.#bases.once(String(planned.index), () => baseOf(this, planned))
  }

  /** Whether a stage takes nothing from the cache. */
  refuses(stage: number): boolean {
    const { noCache = false } = this.request
    if (typeof noCache === 'boolean') return noCache
    const name = this.plan.all[stage]?.stage.name
    return noCache.some((wanted) => wanted.toLowerCase() === name)
  }

  async #solve(planned: PlannedStage): Promise<State> {
    try {
      return await solveStage(this, planned)
    } finally {
      this.emit({ type: 'done', stage: planned.index })
    }
  }

  readonly emit = (event: BuildEvent): void => this.request.onProgress?.(event)

  /** Steps are numbered in the order of the file, whatever runs first. */
  numbers(stage: number): { first: number; total: number } {
    const before = this.plan.stages.filter(({ index }) => index < stage)
    const count = (stages: readonly PlannedStage[]): number => stages.reduce((sum, { stage: own }) => sum + own.instructions.length + 1, 0)
    const globals = this.file.globals.length
    return { first: globals + count(before) + 1, total: globals + count(this.plan.stages) }
  }
}
