import { chmodSync, lchownSync, lstatSync, mkdirSync } from 'node:fs'
import { GalleyError } from '#base/error.ts'
import type { Digest } from '#base/digest.ts'
import { resolveUser } from '#engine/containers/user.ts'
import { withRoomTold } from '#host/files/full-disk.ts'
import { resolveInRoot } from '#host/files/resolve.ts'
import { resolveInTree } from '../context/tree.ts'
import type { Instruction, Keyword } from '../dockerfile/model.ts'
import { parseTrigger } from '../dockerfile/parse.ts'
import { withPlace, type Place } from '../dockerfile/problem.ts'
import type { PlannedStage } from '../graph/plan.ts'
import { add } from './add.ts'
import { configure, workdirOf, type Configuring } from './configure.ts'
import { Leftovers } from './failed-step.ts'
import { inputsOf } from './inputs.ts'
import { run } from './run.ts'
import { treeOf } from './source.ts'
import type { Solver } from './solver.ts'
import { Stage } from './stage.ts'
import type { State } from './state.ts'
import { copy, copyTree } from './transfer.ts'
import { isShown, stepVertex, within } from './vertices.ts'

/** Carries out a stage's instructions one after the other. Throws what they throw. */
export async function solveStage(solver: Solver, planned: PlannedStage): Promise<State> {
  const { index, stage: written } = planned
  const { first, total } = solver.numbers(index)
  const tell = (number: number, text: string): void => solver.emit({ type: 'step', stage: index, number, total, text })
  tell(first, written.text)
  checkNotEmpty(solver, planned)
  const stage = new Stage(solver, planned, await atPlace(written.place, () => solver.base(planned)))
  if (planned.base.kind === 'context') await takeFiles(stage, planned.base.name)
  solver.emit({ type: 'state', stage: index, id: stage.id() })
  await pullTriggers(stage)
  for (const [position, instruction] of written.instructions.entries()) {
    solver.signal.throwIfAborted()
    tell(first + position + 1, instruction.text)
    await execute(stage, instruction)
    solver.emit({ type: 'state', stage: index, id: stage.id() })
  }
  return stage.state()
}

/** What the classic builder has no image for: BuildKit makes one of nothing. */
function checkNotEmpty({ request, plan }: Solver, { index, base, stage }: PlannedStage): void {
  const isNothing = base.kind === 'scratch' && stage.instructions.length === 0 && Object.keys(request.labels).length === 0
  if (request.classic === true && index === plan.target && isNothing)
    throw new GalleyError('invalid', 'No image was generated. Is your Dockerfile empty?', { code: 'dockerfile.empty' })
}

/** Instructions that the base image asks to be carried out first (`ONBUILD`); the result asks for them no more. */
async function pullTriggers(stage: Stage): Promise<void> {
  const triggers = stage.config.OnBuild ?? []
  if (triggers.length === 0) return
  stage.config.OnBuild = null
  stage.solver.emit({ type: 'triggers', stage: stage.index, count: triggers.length })
  for (const trigger of triggers) await execute(stage, parseTrigger(trigger))
  stage.solver.emit({ type: 'state', stage: stage.index, id: stage.id() })
}

/** A failure tells where in the Dockerfile it comes from. */
async function atPlace<T>(place: Place, task: () => Promise<T>): Promise<T> {
  try {
    return await task()
  } catch (error) {
    throw withPlace(error, place)
  }
}

async function execute(stage: Stage, instruction: Instruction): Promise<void> {
  await atPlace(instruction.place, async () => {
    if (!isShown(instruction.keyword)) return carryOut(stage, instruction)
    const { text, place } = instruction
    await asVertex(stage, { text, place, inputs: await inputsOf(stage, instruction) }, () => lookedInto(stage, instruction))
  })
}

/** Lets somebody look into what the step finds, or has left, when it fails. */
async function lookedInto(stage: Stage, instruction: Instruction): Promise<void> {
  using leftovers = new Leftovers()
  stage.leftovers = leftovers
  try {
    await carryOut(stage, instruction)
  } catch (error) {
    await leftovers.show(stage, withPlace(error, instruction.place))
    throw error
  }
}

/** Shows a piece of a stage's work. It begins when what it waits for is there. */
async function asVertex(
  stage: Stage,
  { text, place, inputs }: { readonly text: string; readonly place: Place; readonly inputs: readonly Digest[] },
  task: () => Promise<void>,
): Promise<void> {
  const { solver, planned } = stage
  const parents = [...(stage.vertex === undefined ? [] : [stage.vertex]), ...inputs]
  const vertex = stepVertex(planned, { position: ++stage.position, text, parents, stages: solver.plan.all.length })
  await within(solver.emit, vertex, (begun) => {
    stage.current = begun
    return task()
  })
  stage.vertex = vertex.id
  solver.traced.push({ stage: stage.index, vertex, place, layers: stage.layers })
}

/** A stage that starts from files that the client names. */
async function takeFiles(stage: Stage, name: string): Promise<void> {
  const { contexts } = stage.solver
  const named = contexts.get(name)
  if (named.kind !== 'files') return
  const { tree, vertex } = await contexts.files(name, named.source)
  await asVertex(stage, { text: `FROM ${name}`, place: stage.planned.stage.place, inputs: [vertex] }, () => copyTree(stage, tree))
}

async function carryOut(stage: Stage, instruction: Instruction): Promise<void> {
  // A union of functions can't be called with a union of arguments, though each instruction finds its own function here.
  const executor = executors[instruction.keyword] as (stage: Stage, instruction: Instruction) => Promise<void> | void
  try {
    await withRoomTold(stage.solver.builder.directory, async () => executor(stage, instruction))
  } catch (error) {
    if (error instanceof GalleyError && error.code === 'dockerfile.expansion')
      stage.placed(instruction, () => {
        throw error
      })
    if (error instanceof GalleyError && error.code?.startsWith('copy.') === true) {
      throw new GalleyError(error.kind, `${instruction.keyword.toUpperCase()} failed: ${error.message}`, { code: error.code, cause: error })
    }
    throw error
  }
}

function configuring<K extends Configuring>(keyword: K): (stage: Stage, instruction: Instruction<K>) => void {
  return (stage, instruction) => stage.note(configure[keyword](stage.config, instruction as never, stage))
}

const executors: { readonly [K in Keyword]: (stage: Stage, instruction: Instruction<K>) => Promise<void> | void } = {
  add,
  arg: declare,
  cmd: (stage, instruction) => {
    // Means something on Windows alone; BuildKit writes it for each platform.
    if (stage.solver.request.classic !== true) stage.config['ArgsEscaped'] = true
    configuring('cmd')(stage, instruction)
  },
  copy,
  entrypoint: configuring('entrypoint'),
  env: configuring('env'),
  expose: configuring('expose'),
  healthcheck: configuring('healthcheck'),
  label: configuring('label'),
  maintainer(stage, { value }) {
    stage.author = value
    stage.note(`MAINTAINER ${value}`)
  },
  onbuild(stage, { trigger }) {
    stage.config.OnBuild = [...(stage.config.OnBuild ?? []), trigger]
    stage.note(`ONBUILD ${trigger}`)
  },
  run,
  shell: configuring('shell'),
  stopsignal: configuring('stopsignal'),
  user: configuring('user'),
  volume(stage, instruction) {
    const before = Object.keys(stage.config.Volumes ?? {})
    configuring('volume')(stage, instruction)
    if (stage.solver.request.classic === true)
      checkVolumes(
        stage,
        Object.keys(stage.config.Volumes ?? {}).filter((path) => !before.includes(path)),
      )
  },
  workdir,
}

/** `ARG`: the given value, else the default, else what was set in front of the first stage, else an automatic one. */
function declare(stage: Stage, { args }: Instruction<'arg'>): void {
  const { request, plan, automatic, consumed } = stage.solver
  const shown: string[] = []
  for (const { name, value } of args) {
    consumed.add(name)
    const fallback = (): string | undefined => (value === undefined ? (plan.globals.get(name) ?? automatic.get(name)) : stage.word(value))
    // A default that nobody needs may not even be valid: `${NAME:?why}`.
    const given = request.args.get(name) ?? fallback()
    if (given !== undefined) stage.args.set(name, given)
    // The classic builder's history has what the Dockerfile says, never what was given.
    const told = request.classic === true ? (value === undefined ? undefined : fallback()) : given
    shown.push(told === undefined ? name : `${name}=${told}`)
  }
  stage.note(`ARG ${shown.join(' ')}`)
}

/** The classic builder makes a container with them. */
function checkVolumes({ solver, layers }: Stage, paths: readonly string[]): void {
  const tree = treeOf(solver, layers)
  for (const path of paths)
    if (tree.entry(resolveInTree(tree, path))?.kind === 'file')
      throw new GalleyError('invalid', `cannot mount volume over existing file, file exists ${path}`, { subject: path })
}

/** `WORKDIR` makes the directory when it is missing, for the stage's user. */
async function workdir(stage: Stage, instruction: Instruction<'workdir'>): Promise<void> {
  const path = workdirOf(stage.config, stage.word(instruction.value))
  const user = stage.config.User ?? ''
  const step = { inputs: ['WORKDIR', path, user], createdBy: `WORKDIR ${path}`, text: instruction.text }
  const tree = treeOf(stage.solver, stage.layers)
  const there = tree.entry(resolveInTree(tree, path))
  if (there !== undefined && there.kind !== 'directory')
    throw new GalleyError('invalid', `cannot make directory ${path}: a file has this name`, { subject: path })
  if (there === undefined) await makeWorkdir(stage, step, { path, user })
  stage.config.WorkingDir = path
  if (there !== undefined) stage.note(step.createdBy)
}

async function makeWorkdir(
  stage: Stage,
  step: Parameters<Stage['change']>[0],
  { path, user }: { readonly path: string; readonly user: string },
): Promise<void> {
  await stage.change(step, async () => {
    using draft = stage.solver.workspace.draft(stage.layers)
    const { uid, gid } = resolveUser(draft.root, user, [])
    makeDirectory(draft.root, resolveInRoot(draft.root, path), { uid, gid })
    return draft.finish()
  })
}

function makeDirectory(root: string, path: string, owner: { readonly uid: number; readonly gid: number }): void {
  let made = root
  for (const part of path.slice(root.length + 1).split('/')) {
    made += `/${part}`
    if (lstatSync(made, { throwIfNoEntry: false }) !== undefined) continue
    mkdirSync(made)
    lchownSync(made, owner.uid, owner.gid)
    chmodSync(made, 0o755)
  }
}
