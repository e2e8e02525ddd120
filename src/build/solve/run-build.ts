import { GalleyError } from '#base/error.ts'
import type { SourceTree } from '../context/tree.ts'
import type { BuildRequest } from '../request.ts'
import type { Builder } from '../builder.ts'
import type { Dockerfile } from '../dockerfile/model.ts'
import type { Plan, PlannedStage } from '../graph/plan.ts'
import type { BuildEvent } from '../progress.ts'
import { solveStage } from './solve-stage.ts'
import type { State } from './state.ts'
import type { Workspace } from './workspace.ts'

export interface RunParts {
  readonly builder: Builder
  readonly request: BuildRequest
  readonly file: Dockerfile
  readonly plan: Plan
  readonly automatic: ReadonlyMap<string, string>
  readonly workspace: Workspace
  readonly context: SourceTree
}

/** One build under way: every stage that the target needs, each solved once, those that don't need each other at the same time. */
export class Run {
  readonly builder: Builder
  readonly request: BuildRequest
  readonly file: Dockerfile
  readonly plan: Plan
  readonly automatic: ReadonlyMap<string, string>
  readonly workspace: Workspace
  /** The build context, without what its ignore file excludes. */
  readonly context: SourceTree
  /** Aborted when the client goes away, or another stage fails. */
  readonly signal: AbortSignal
  /** Build arguments that an `ARG` asked for. */
  readonly consumed = new Set<string>()
  readonly #stages = new Map<number, Promise<State>>()
  readonly #failed = new AbortController()

  constructor(parts: RunParts) {
    this.builder = parts.builder
    this.request = parts.request
    this.file = parts.file
    this.plan = parts.plan
    this.automatic = parts.automatic
    this.workspace = parts.workspace
    this.context = parts.context
    this.signal = AbortSignal.any([this.#failed.signal, ...(parts.request.signal === undefined ? [] : [parts.request.signal])])
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
      await Promise.allSettled(this.#stages.values())
    }
  }

  /** What a stage comes to. */
  stage(index: number): Promise<State> {
    const known = this.#stages.get(index)
    if (known !== undefined) return known
    const planned = this.plan.all[index]
    if (planned === undefined) throw new GalleyError('internal', `there is no stage ${index}`)
    const solving = this.#solve(planned)
    this.#stages.set(index, solving)
    return solving
  }

  async #solve(planned: PlannedStage): Promise<State> {
    try {
      return await solveStage(this, planned)
    } finally {
      this.emit({ type: 'done', stage: planned.index })
    }
  }

  emit(event: BuildEvent): void {
    this.request.onProgress?.(event)
  }

  /** Steps are numbered in the order of the file, whatever runs first. */
  numbers(stage: number): { first: number; total: number } {
    const before = this.plan.stages.filter(({ index }) => index < stage)
    const count = (stages: readonly PlannedStage[]): number => stages.reduce((sum, { stage: own }) => sum + own.instructions.length + 1, 0)
    const globals = this.file.globals.length
    return { first: globals + count(before) + 1, total: globals + count(this.plan.stages) }
  }
}
