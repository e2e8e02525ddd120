import { createHash } from 'node:crypto'
import type { Digest } from '#base/digest.ts'
import { messageOf } from '#base/error.ts'
import { create } from '#engine/containers/create.ts'
import { remove } from '#engine/containers/remove.ts'
import type { BuildRequest } from '../request.ts'
import { configOf, hostConfigOf, type StepProcess } from './container.ts'
import { noDevices } from './devices.ts'
import type { Stage } from './stage.ts'
import { shellOf } from './state.ts'
import { argumentsOf, processOf } from './step-process.ts'

/**
 * A container in which everything is as it was when a step failed: files, variables, user and directory, and of a command that ran its
 * mounts and what it wrote.
 */
export interface FailedStep {
  /** Not started yet; a terminal, with a shell as its process. It is removed when it ends, or when whoever was given it is through. */
  readonly container: string
  readonly shell: string
  /** The step in the build's progress. */
  readonly vertex: Digest
  readonly error: unknown
  /** Resolves when the container is gone. */
  readonly gone: Promise<unknown>
}

interface Opening {
  readonly process: StepProcess
  readonly onFailedStep: NonNullable<BuildRequest['onFailedStep']>
  readonly error: unknown
}

/** What a failed step leaves while somebody looks into it. */
export class Leftovers implements Disposable {
  readonly #held = new DisposableStack()
  #process: StepProcess | undefined

  /** Takes over the step's mounts, and what it had written when it failed. */
  keep(process: StepProcess, mounts: DisposableStack, written: string | undefined): void {
    this.#held.use(mounts)
    this.#process = { ...process, layers: written === undefined ? process.layers : [...process.layers, written] }
  }

  /** Lets somebody look into it, if the build has somebody for that; resolves when they are through, and never rejects. */
  async show(stage: Stage, error: unknown): Promise<void> {
    const { solver } = stage
    const { onFailedStep } = solver.request
    // A step that is stopped, as the client is gone or another stage failed, is not what failed.
    if (onFailedStep === undefined || (this.#process === undefined && solver.signal.aborted)) return
    try {
      await this.#open(stage, { process: this.#process ?? (await before(stage)), onFailedStep, error })
    } catch (why) {
      if (!solver.signal.aborted) solver.emit({ type: 'warning', text: `there is no shell in the failed step: ${messageOf(why)}` })
    }
  }

  async #open(stage: Stage, { process: failed, onFailedStep, error }: Opening): Promise<void> {
    const { builder } = stage.solver
    const { engine, stepImages } = builder
    const [shell = '/bin/sh'] = shellOf(stage.config)
    const process = { ...failed, id: ofFailure(failed.id), argv: [shell] }
    using _image = stepImages.add(process)
    const { id } = await create(engine, {
      name: '',
      config: { ...configOf(process), Tty: true, OpenStdin: true, AttachStdin: true, AttachStdout: true, AttachStderr: true },
      hostConfig: { ...hostConfigOf(process), AutoRemove: true },
      endpoints: {},
    })
    try {
      const gone = engine.containers.wait(engine.containers.get(id), 'removed')
      await onFailedStep({ container: id, shell, vertex: stage.current?.id ?? process.id, error, gone })
    } finally {
      if (engine.containers.find(id) !== undefined) await remove(engine, id, { force: true, volumes: true })
    }
  }

  [Symbol.dispose](): void {
    this.#held.dispose()
  }
}

/** What a step finds that has not come to run anything. */
function before(stage: Stage): Promise<StepProcess> {
  const command = {
    program: { argv: [] },
    args: argumentsOf(stage),
    network: stage.solver.request.limits.network,
    insecure: false,
    devices: noDevices,
  }
  return processOf(stage, { id: stage.current?.id ?? ofFailure(`sha256:${stage.id()}`), command, mounts: [] })
}

/** Another build may run the step again meanwhile. */
function ofFailure(id: Digest): Digest {
  return `sha256:${createHash('sha256').update(`failed ${id}`).digest('hex')}`
}
