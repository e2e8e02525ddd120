import { createHash } from 'node:crypto'
import type { Digest } from '#base/digest.ts'
import type { StepResult } from '../cache/cache.ts'
import { nextInHistory } from '../cache/history.ts'
import { expandText, expandWord, expandWords, type Expansion } from '../dockerfile/expand.ts'
import type { Instruction } from '../dockerfile/model.ts'
import { placed, type PlannedStage } from '../graph/plan.ts'
import type { Solver } from './solver.ts'
import type { Scope } from './configure.ts'
import { Leftovers } from './failed-step.ts'
import { clampTimes } from './clamp-times.ts'
import type { Begun } from './vertices.ts'
import { envOf, type Draft, type State, type Step } from './state.ts'

export interface ChangingStep {
  readonly inputs: readonly unknown[]
  /** Its line in the history. */
  readonly createdBy: string
  readonly text: string
  /** Its result does not depend on the files so far. */
  readonly independent?: boolean
  /** Its line in the history says all that its result depends on besides the files and steps so far. */
  readonly isInLine?: boolean
}

/** A stage while its instructions change it. */
export class Stage implements Scope {
  readonly solver: Solver
  readonly planned: PlannedStage
  readonly index: number
  readonly escape: string
  readonly platform: State['platform']
  readonly inherited: State['inherited']
  readonly config: Draft
  readonly args: Map<string, string>
  layers: readonly Digest[]
  author: string | undefined
  /** As `State` has it. */
  image: Digest | undefined
  commandSet = false
  /** The last vertex that is done, and the one under way. */
  vertex: Digest | undefined
  current: Begun | undefined
  /** Of the step under way, when it fails. */
  leftovers = new Leftovers()
  /** How many of the stage's vertices have begun. */
  position: number
  readonly #steps: Step[]

  constructor(solver: Solver, planned: PlannedStage, from: State) {
    this.solver = solver
    this.planned = planned
    this.index = planned.index
    this.vertex = from.vertex
    // A context of files is copied as a step of the stage; an image was found before.
    this.position = planned.base.kind === 'image' || (planned.base.kind === 'context' && from.vertex !== undefined) ? 1 : 0
    this.escape = solver.file.escape
    this.platform = from.platform
    this.inherited = from.inherited
    this.config = structuredClone(from.config)
    this.args = new Map(from.args)
    this.layers = from.layers
    this.author = from.author
    this.image = from.image
    this.#steps = [...from.steps]
  }

  /** A variable as instructions see it: the environment before build arguments. */
  readonly lookup = (name: string): string | undefined => envOf(this.config).get(name) ?? this.args.get(name)

  word = (text: string): string => expandWord(text, this.#expansion())
  words = (text: string): string[] => expandWords(text, this.#expansion())
  text = (text: string): string => expandText(text, this.#expansion())

  #expansion(): Expansion {
    return { lookup: this.lookup, escape: this.escape }
  }

  /** Adds a line to the history for a step that changed no files, which an earlier build may have done before. */
  note(createdBy: string): void {
    this.#steps.push({ createdBy, layer: undefined })
    const { cache } = this.solver.builder
    const steps = this.#steps.map((step) => step.createdBy)
    const before = steps.slice(0, -1)
    const allowed = this.solver.request.cacheFromAlone !== true || this.#inHistories(createdBy, before).length > 0
    const known = cache.recall({ key: keyOf(['note', steps, this.layers, this.config]), text: createdBy })
    if (known && allowed && !this.solver.refuses(this.index)) this.solver.emit({ type: 'cached', stage: this.index })
  }

  /**
   * Does a step that may change files, unless its result is known. `inputs` is all that the result depends on besides the
   * files so far; `make` resolves with the directory of what it wrote, if anything.
   */
  async change(step: ChangingStep, make: (id: Digest) => Promise<string | undefined>): Promise<void> {
    const { epoch } = this.solver.settings
    const key = keyOf([step.independent === true ? [] : this.layers, ...step.inputs, ...(epoch === undefined ? [] : [{ epoch }])])
    const { cache } = this.solver.builder
    const fresh = this.solver.refuses(this.index)
    const carried = fresh ? undefined : (this.#carried(key) ?? (step.isInLine === true ? this.#inHistory(step.createdBy) : undefined))
    const own = !fresh && this.#mayTake(key, step.createdBy)
    const { signal } = this.solver
    const { result, cached } = await cache.result({ key, text: step.text, fresh: !own, signal }, () =>
      carried === undefined ? this.#make(() => make(`sha256:${key}`)) : Promise.resolve(carried),
    )
    if (cached || carried !== undefined) {
      this.solver.emit({ type: 'cached', stage: this.index })
      if (this.current !== undefined) this.current.cached = true
    }
    const { diffId, size, created } = result
    this.solver.done.set(key, { key, text: step.text, diffId, size, created })
    if (diffId !== undefined) this.layers = [...this.layers, diffId]
    this.#steps.push({ createdBy: step.createdBy, layer: diffId === undefined ? undefined : { diffId, created } })
  }

  /** What another machine's step of this key came to, where that is here. */
  #carried(key: string): StepResult | undefined {
    const { imported, builder } = this.solver
    const step = imported.get(key)
    if (step === undefined || (step.diffId !== undefined && !builder.layers.has(step.diffId))) return undefined
    return { diffId: step.diffId, size: step.size, created: step.created }
  }

  /** Whether the request lets a step's result be taken from this machine's own cache: one that names images takes what they have alone. */
  #mayTake(key: string, line: string): boolean {
    const { request, builder } = this.solver
    if (request.cacheFromAlone !== true) return true
    const known = builder.cache.find(key)
    return known !== undefined && this.#inHistories(line).some(({ layer }) => layer === known.diffId)
  }

  /** What an image that was made in the same way had come to. */
  #inHistory(line: string): StepResult | undefined {
    const { layers } = this.solver.builder
    const found = this.#inHistories(line).find(({ layer }) => layer === undefined || layers.has(layer))
    if (found === undefined) return undefined
    return { diffId: found.layer, size: found.layer === undefined ? 0 : layers.size(found.layer), created: found.created }
  }

  /** The same of all those images; `before` are the stage's own steps before this one. */
  #inHistories(line: string, before: readonly string[] = this.#steps.map(({ createdBy }) => createdBy)) {
    const lines = [...this.inherited.map(({ created_by = '' }) => created_by), ...before]
    const reached = { lines, layers: this.layers, architecture: this.platform.architecture }
    return this.solver.histories.flatMap((image) => {
      const found = nextInHistory(image, reached, line)
      return found === undefined ? [] : [{ layer: found.layer, created: image.created }]
    })
  }

  async #make(make: () => Promise<string | undefined>): Promise<StepResult> {
    const { layers, clock } = this.solver.builder
    const written = await make()
    const { epoch } = this.solver.settings
    if (written !== undefined && epoch !== undefined) clampTimes(written, epoch)
    const layer = written === undefined ? { diffId: undefined, size: 0 } : await layers.adopt(written, this.solver.signal)
    return { ...layer, created: clock.now() }
  }

  state(): State {
    const { layers, config, platform, inherited, author, args, vertex, image } = this
    const steps = [...this.#steps]
    return { layers, config: structuredClone(config), platform, inherited, author, vertex, image, args: new Map(args), steps }
  }

  /** What the stage has come to, as one number that changes with anything about it. */
  id(): string {
    return keyOf([this.layers, this.config])
  }

  /** Runs a task for an instruction; a failed expansion tells the place. */
  placed<T>(instruction: Instruction, task: () => T): T {
    return placed(instruction.place, task)
  }
}

function keyOf(parts: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex')
}
