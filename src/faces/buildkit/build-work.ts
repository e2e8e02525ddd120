import { randomUUID } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { posix } from 'node:path'
import { adviceWith, GalleyError } from '#base/error.ts'
import { buildImage, type BuildResult } from '#build/build.ts'
import { workDirectory } from '#build/builder.ts'
import { checkOptions } from '#build/checks/in-build.ts'
import { ignoreLines } from '#build/context/ignore.ts'
import { parseDockerfile } from '#build/dockerfile/parse.ts'
import { placeOf } from '#build/dockerfile/problem.ts'
import { nameImage } from '#build/output/name-image.ts'
import type { BuildRequest, ImageParts, Output } from '#build/request.ts'
import type { Attestation } from '#content/manifests/attestation.ts'
import { formatPlatform, normalPlatform } from '#content/manifests/platform.ts'
import { discard } from '#host/files/discard.ts'
import { answerSubrequest, checkSubrequest } from './frontend/subrequests.ts'
import { isAttested } from './frontend/attestations.ts'
import { prepare, type Asked } from './frontend/request.ts'
import { jsonDetail, StatusError, unknown } from './grpc/status.ts'
import type { Progress } from './progress.ts'
import { worded } from './wording.ts'

/** What becomes of a build's result. */
export type Exports = Pick<BuildRequest, 'tags' | 'cacheTo'> & { readonly outputs: readonly Output[] }

/**
 * A build that a frontend was asked for. It is carried out when its result is needed: a second time, for another kind of result,
 * finds every step in the cache. An image that it has made for another build stays until it is disposed of.
 */
export class BuildWork implements Disposable {
  /** How it was made, by platform. */
  readonly origins = new Map<string, Attestation>()
  readonly #asked: Asked
  #done = false
  #evaluated: Promise<BuildResult> | undefined
  readonly #held = new DisposableStack()

  constructor(asked: Asked) {
    this.#asked = asked
  }

  get progress(): Progress {
    return this.#asked.progress
  }

  /** Makes an image that has no name, for another build to start from, and resolves with its id. */
  async evaluate(): Promise<string> {
    this.#evaluated ??= this.#evaluate()
    return (await this.#evaluated).id
  }

  /** A prune may come before another build has begun with it, or it is named. */
  async #evaluate(): Promise<BuildResult> {
    const result = await this.#build({ tags: [], outputs: [{ kind: 'image' }] })
    if (!this.#held.disposed) this.#held.use(this.#asked.builder.images.hold(result.id))
    return result
  }

  [Symbol.dispose](): void {
    this.#held.dispose()
  }

  /** Answers a question about the Dockerfile, without building anything. */
  async answer(name: string): Promise<Map<string, Buffer>> {
    checkSubrequest(name)
    const { request, definition, leases } = await prepare(this.#asked)
    using _ = leases
    const directory = `${workDirectory(this.#asked.builder)}/${randomUUID()}`
    mkdirSync(directory, { mode: 0o700 })
    try {
      const { context, dockerfile = 'Dockerfile', args, target } = request
      const path = typeof dockerfile === 'string' ? dockerfile : ''
      const open = await context.open(() => directory, this.#asked.signal)
      const text = await open.read(path)
      if (text === undefined)
        throw new GalleyError('not found', `failed to read dockerfile: open ${path}: no such file or directory`, { subject: path })
      const ignore = ignoreLines((await open.read(`${path}.dockerignore`)) ?? (await open.read('.dockerignore')) ?? '')
      const check = checkOptions(this.#asked.builder.images, ignore, args)
      return answerSubrequest(name, { file: parseDockerfile(text), text, target, args, name: posix.basename(path), check })
    } catch (error) {
      throw shown(error, definition())
    } finally {
      discard(directory)
    }
  }

  /** Builds, and gives the result to the outputs. What fails tells where in the Dockerfile. */
  async export(exports: Exports): Promise<BuildResult> {
    const made = await this.#evaluated
    return made !== undefined && isNamingAlone(exports) && !isAttested(this.#asked.options)
      ? this.#name(made, exports)
      : this.#build(exports)
  }

  async #build(exports: Exports): Promise<BuildResult> {
    const onOrigin: Asked['onOrigin'] = (platform, said) => this.origins.set(formatPlatform(normalPlatform(platform)), said)
    const { request, definition, leases } = await prepare({ ...this.#asked, onOrigin })
    using _ = leases
    try {
      const again = this.#done ? { noCache: false } : {}
      const result = await buildImage(this.#asked.builder, { ...request, ...exports, ...again, ...this.#failing(definition) })
      this.#done = true
      return result
    } catch (error) {
      throw shown(error, definition())
    }
  }

  /** Whoever looks into a failed step is told of the failure as the client is. */
  #failing(definition: Parameters<typeof shown>[1] extends infer Shown ? () => Shown : never): Pick<BuildRequest, 'onFailedStep'> {
    const { onFailedStep } = this.#asked
    return onFailedStep === undefined ? {} : { onFailedStep: (step) => onFailedStep({ ...step, error: shown(step.error, definition()) }) }
  }

  /** An image that is there already needs no more than its names. */
  async #name(made: BuildResult, { tags }: Exports): Promise<BuildResult> {
    const { builder, progress } = this.#asked
    await nameImage(builder, { members: [{ image: made.id }] }, { tags, emit: progress.onEvent })
    return made
  }
}

const isBare = ({ annotations = [] }: ImageParts): boolean => annotations.length === 0

function isNamingAlone({ outputs, cacheTo = [] }: Exports): boolean {
  return cacheTo.length === 0 && outputs.every((output) => output.kind === 'image' && output.push !== true && isBare(output))
}

/**
 * A failure as buildx shows it: without a code before the message, and with the Dockerfile and the lines in it that it comes from
 * (`errdefs.Source`).
 */
function shown(error: unknown, definition: { readonly name: string; readonly text: string } | undefined): unknown {
  if (!(error instanceof GalleyError)) return error
  const place = placeOf(error)
  if (place === undefined || definition === undefined)
    return new StatusError(worded(adviceWith(error)), { code: unknown, details: [], cause: error })
  const start = { line: place.line }
  const end = { line: place.lastLine ?? place.line }
  const info = { filename: definition.name, data: Buffer.from(definition.text).toString('base64'), language: 'Dockerfile' }
  const source = jsonDetail('github.com/moby/buildkit/errdefs.Source+json', { info, ranges: [{ start, end }] })
  return new StatusError(worded(adviceWith(error)), { code: unknown, details: [source], cause: error })
}
