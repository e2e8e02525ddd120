import assert from 'node:assert/strict'
import { parseImageReference } from '#base/image-reference.ts'
import { systemClock } from '#base/clock.ts'
import { jsonLog } from '#base/log.ts'
import { buildImage, type BuildResult } from '#build/build.ts'
import { startBuilder } from '#build/builder.ts'
import { DirectoryContext } from '#build/context/directory-context.ts'
import type { BuildEvent } from '#build/progress.ts'
import type { BuildRequest } from '#build/request.ts'
import { adopt, replaceKeepers } from '#daemon/adopt.ts'
import { configOf } from '#daemon/config.ts'
import { makeSignOfLife } from '#daemon/watcher.ts'
import { wireUp, type Rooms } from '#daemon/wire-up.ts'
import { BuildContexts, type Files } from './build-contexts.ts'
import type { Instance } from './instance.ts'

export interface Built extends BuildResult {
  readonly events: readonly BuildEvent[]
  /** All that steps printed. */
  readonly printed: string
}

/**
 * The rooms of an instance in the test's own process, in the place of its daemon: for what a request can ask that no client that
 * is here can. The instance was started before, so that it has a keeper.
 */
export class OwnBuilder implements AsyncDisposable {
  readonly rooms: Rooms
  readonly directory: BuildContexts['directory']
  readonly #instance: Instance

  readonly #keepers: AsyncDisposable

  private constructor(instance: Instance, rooms: Rooms, keepers: AsyncDisposable) {
    this.#keepers = keepers
    this.#instance = instance
    this.directory = new BuildContexts(instance).directory
    this.rooms = rooms
  }

  static async start(instance: Instance): Promise<OwnBuilder> {
    const { code, err } = await instance.galley('daemon', 'stop', ...instance.options)
    assert.equal(code, 0, err)
    const config = configOf({ data: instance.data, run: instance.run, pool: instance.options[5] })
    const rooms = await wireUp(
      config,
      jsonLog((line) => process.stderr.write(line), systemClock.now),
    )
    const { engine, builder, listeners } = rooms
    await engine.containers.load()
    // Nothing is to be started in this process's place.
    const daemon = { command: ['/bin/true'], log: `${config.run}/daemon.log`, alive: makeSignOfLife(config.run) }
    const keepers = replaceKeepers(engine, { daemon, listeners })
    await adopt(engine, { daemon, listeners, keepers })
    await startBuilder(builder)
    return new OwnBuilder(instance, rooms, keepers)
  }

  async build(files: Files, request: Partial<BuildRequest> & { readonly tag?: string } = {}): Promise<Built> {
    const events: BuildEvent[] = []
    const result = await buildImage(this.rooms.builder, {
      context: new DirectoryContext(this.directory(files)),
      args: new Map(),
      tags: request.tag === undefined ? [] : [parseImageReference(request.tag)],
      labels: {},
      limits: { network: 'bridge', hosts: [], resources: {} },
      onProgress: (event) => events.push(event),
      ...request,
    })
    return { ...result, events, printed: events.map((event) => (event.type === 'output' ? event.text : '')).join('') }
  }

  /** As `build`, for one that fails: resolves with the error. */
  async refused(files: Files, request: Partial<BuildRequest> = {}): Promise<Error> {
    try {
      await this.build(files, request)
    } catch (error) {
      return error as Error
    }
    return assert.fail('it was built')
  }

  /** Gives the instance back to a daemon of its own. */
  async [Symbol.asyncDispose](): Promise<void> {
    const { engine, pulling, store } = this.rooms
    await engine.keeper.release()
    engine.restarts[Symbol.dispose]()
    engine.keeper[Symbol.dispose]()
    await this.#keepers[Symbol.asyncDispose]()
    pulling.registries[Symbol.dispose]()
    await store[Symbol.asyncDispose]()
    await this.#instance.start()
  }
}
