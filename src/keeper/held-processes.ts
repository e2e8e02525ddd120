import { existsSync, readdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs'
import type { Clock } from '#base/clock.ts'
import { deleteNow } from '#host/files/discard.ts'
import { hybridCgroup2Mount } from '#host/oci-runtime/hybrid.ts'
import { isPrepared } from './document.ts'
import { HeldProcess, type Listener } from './held-process.ts'
import type { MemoryWatch } from './memory-watch.ts'
import type { Answer, ProcessSpec } from './protocol.ts'
import { endRuntime } from './shell.ts'

interface Options {
  /** Where it is written down what the next keeper must know of a process. */
  readonly directory: string
  readonly clock: Clock
  readonly memory: MemoryWatch
  /** Told of what becomes of them. */
  readonly listener: Omit<Listener, 'unused'>
}

/** Every process that this keeper holds, by the id of its container or exec session. */
export class HeldProcesses {
  readonly #directory: string
  readonly #clock: Clock
  readonly #memory: MemoryWatch
  readonly #listener: Listener
  readonly #cgroup2 = hybridCgroup2Mount()
  readonly #held = new Map<string, HeldProcess>()

  constructor({ directory, clock, memory, listener }: Options) {
    this.#directory = directory
    this.#clock = clock
    this.#memory = memory
    this.#listener = { ...listener, unused: (id, place) => this.#removeUnused(id, place) }
  }

  /** The ids of those that a keeper before this one held. */
  written(): string[] {
    return readdirSync(this.#directory)
  }

  all(): Iterable<HeldProcess> {
    return this.#held.values()
  }

  /** The one of this id, made when there is none or it has ended: clients may attach to what is still to be started. */
  get(id: string): HeldProcess {
    const known = this.#held.get(id)
    if (known !== undefined && !known.exited) return known
    const fresh = new HeldProcess(id, this.#listener, this.#clock)
    this.#held.set(id, fresh)
    return fresh
  }

  async start(spec: ProcessSpec): Promise<Answer> {
    const one = this.get(spec.id)
    try {
      this.#write(spec)
      if (spec.group !== undefined) this.#memory.hold(spec.id, spec.group.path)
    } catch (error) {
      one.refuse(error)
      this.forget(spec.id)
      throw error
    }
    const outcome = await one.start(spec, this.#cgroup2)
    if (!outcome.ok) this.forget(spec.id)
    return outcome
  }

  prepare(spec: ProcessSpec): void {
    this.#write(spec)
    this.get(spec.id).prepare(spec, this.#cgroup2)
  }

  /** Takes over what a keeper before this one held. Throws, and holds nothing then, when it can't be read or is gone. */
  adopt(id: string): void {
    const spec = JSON.parse(readFileSync(`${this.#directory}/${id}`, 'utf8')) as ProcessSpec
    if (isPrepared(spec.directory)) return this.#dropPrepared(spec)
    const one = this.get(id)
    try {
      one.adopt(spec)
      if (spec.group !== undefined) this.#memory.adopt(id, spec.group.path)
    } catch (error) {
      one[Symbol.dispose]()
      this.#held.delete(id)
      throw error
    }
  }

  /** Of one that a keeper before this one prepared: nobody will tell it what to run. */
  #dropPrepared({ id, directory }: ProcessSpec): void {
    endRuntime(directory)
    this.forget(id)
    deleteNow(directory)
  }

  /** Clients may be attached already to the next run of an ended process: that one stays. So does none that was only told its size. */
  forget(id: string): void {
    const one = this.#held.get(id)
    if (one?.exited === true || one?.idle === true) this.#held.delete(id)
    this.#memory.release(id)
    if (existsSync(`${this.#directory}/${id}`)) unlinkSync(`${this.#directory}/${id}`)
  }

  /** Nobody is attached any more to one that was never started. */
  dropIdle(one: HeldProcess): void {
    if (one.idle && this.#held.get(one.id) === one) this.#held.delete(one.id)
  }

  #removeUnused(id: string, directory: string): void {
    // Its session may have been started anew meanwhile.
    if (this.#held.get(id)?.exited !== true) return
    this.forget(id)
    deleteNow(directory)
  }

  #write(spec: ProcessSpec): void {
    writeFileSync(`${this.#directory}/${spec.id}`, JSON.stringify({ ...spec, document: undefined }))
  }
}
