import { randomUUID } from 'node:crypto'
import { createWriteStream, existsSync, readFileSync } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { isDigest, type Digest } from '#base/digest.ts'
import { GalleyError, messageOf } from '#base/error.ts'
import { LineBuffer } from '#base/line-buffer.ts'
import { hostPlatform } from '#content/manifests/platform.ts'
import type { Images } from '#engine/images/images.ts'
import type { Image, ImageConfig } from '#engine/images/model.ts'
import type { Part, PartArchives } from './part-archives.ts'
import { partLabel } from './clear-up-parts.ts'
import { recipeFiles } from './part-key.ts'
import type { MadeParts } from './part-workshop.ts'
import { aptStatusReader, type Progress } from './progress.ts'
import type { PartRecipe, Suite } from './recipe.ts'

/** Builds a Dockerfile and resolves with the image's id. The builder's room does that; this one only asks. */
export type BuildRecipe = (request: {
  /** The context. */
  readonly directory: string
  /** Its path in the context. */
  readonly dockerfile: string
  readonly args: ReadonlyMap<string, string>
  /** Whose packages the steps find, from wherever the host has its own. */
  readonly suite: Suite
  readonly onOutput: (text: string) => void
}) => Promise<Digest>

interface PartRequest {
  readonly recipe: Extract<PartRecipe, { kind: 'dockerfile' }>
  readonly below: MadeParts
  /** Where layers are packed. */
  readonly work: string
  readonly progress: Progress
  /** Milliseconds since the epoch. */
  readonly now: number
}

const day = 24 * 3600

interface Workshop {
  readonly images: Images
  readonly archives: PartArchives
  readonly build: BuildRecipe
}

/**
 * Makes a part from its Dockerfile, a second time if the files of a layer turn out to be damaged, as they are made again then. Throws
 * `unavailable`. Call within `whileAdding`.
 */
export async function buildPart(workshop: Workshop, request: PartRequest): Promise<Omit<Part, 'made'>> {
  try {
    return await buildOnce(workshop, request)
  } catch (error) {
    const layer = damagedLayer(error)
    if (layer === undefined || !(await workshop.images.dropDamaged(layer))) throw error
    request.progress(`${messageOf(error)}; making it again`)
    return await buildOnce(workshop, request)
  }
}

async function buildOnce(
  { images, archives, build }: Workshop,
  { recipe, below, work, progress, now }: PartRequest,
): Promise<Omit<Part, 'made'>> {
  const base = await addBase(images, below)
  const output = new Output(progress)
  let built: Image | undefined
  try {
    // No file is younger than the day: the same packages make the same layers.
    const epoch = String(Math.floor(now / 1000 / day) * day)
    const args = new Map(Object.entries({ ...recipe.args, BASE: base.id, SOURCE_DATE_EPOCH: epoch }))
    const dockerfile = `${recipe.folders[0]}/Dockerfile`
    const request = { directory: recipeFiles, dockerfile, args, suite: recipe.suite, onOutput: (text: string) => output.add(text) }
    built = images.resolve(await build(request))
    const layers = built.layers.slice(below.diffIds.length)
    progress('Packing')
    for (const layer of layers) await packLayer(images, layer, { archives, work })
    return { layers, image: imageOf(built.config), versions: installedIn(images, built.layers) }
  } catch (error) {
    throw output.explain(error, recipe.folders[0])
  } finally {
    await images.delete(base)
    if (built !== undefined) await images.deleteUnused(built.id)
  }
}

/** The parts below as an image, for the Dockerfile to begin from. */
async function addBase(images: Images, { diffIds, image }: MadeParts): Promise<Image> {
  const config = {
    ...hostPlatform(),
    ...image,
    config: { ...image.config, Labels: { [partLabel]: randomUUID() } },
    rootfs: { type: 'layers' as const, diff_ids: diffIds },
  }
  return await images.add(Buffer.from(JSON.stringify(config)))
}

function imageOf({ config = {}, history = [] }: ImageConfig): Part['image'] {
  const { Labels: _part, ...rest } = config
  return { config: rest, history }
}

async function packLayer(
  images: Images,
  layer: Digest,
  { archives, work }: { readonly archives: PartArchives; readonly work: string },
): Promise<void> {
  const file = `${work}/layer`
  await pipeline(Readable.from(images.content.packed(layer)), createGzip({ level: 1 }), createWriteStream(file))
  archives.keepLayer(layer, file)
}

function damagedLayer(error: unknown): Digest | undefined {
  return error instanceof GalleyError && error.code === 'layer.damaged' && isDigest(error.subject ?? '')
    ? (error.subject as Digest)
    : undefined
}

/** Versions of all packages that are installed, from dpkg's own records in the topmost layer that has them. */
function installedIn(images: Images, layers: readonly Digest[]): Record<string, string> {
  const path = layers
    .map((layer) => `${images.content.layers.path(layer)}/var/lib/dpkg/status`)
    .findLast((candidate) => existsSync(candidate))
  return path === undefined ? {} : parseStatus(readFileSync(path, 'utf8'))
}

/** Reads dpkg's status file: name and version of each paragraph (deb-control(5)). */
function parseStatus(text: string): Record<string, string> {
  return Object.fromEntries(
    text.split('\n\n').flatMap((paragraph) => {
      const [, name] = /^Package: (.+)$/m.exec(paragraph) ?? []
      const [, version] = /^Version: (.+)$/m.exec(paragraph) ?? []
      return name === undefined || version === undefined ? [] : [[name, version]]
    }),
  )
}

/** What a build prints: apt's status lines become progress, the last of the others explain a failure. */
class Output {
  readonly #lines = new LineBuffer()
  readonly #last: string[] = []
  readonly #read: (line: string) => void

  constructor(progress: Progress) {
    this.#read = aptStatusReader(progress)
  }

  add(text: string): void {
    for (const line of this.#lines.push(text)) {
      this.#read(line)
      if (!/^(dl|pm)status:/.test(line) && this.#last.push(line) > 6) this.#last.shift()
    }
  }

  explain(cause: unknown, what: string): unknown {
    if (!(cause instanceof GalleyError) || cause.code !== 'build.step-failed') return cause
    return new GalleyError('unavailable', `${what} could not be made from Debian's packages: ${this.#last.join('\n')}`, {
      code: 'stand-in.failed',
      advice: "Check that apt-get update works on this machine: Galley uses apt's own configuration.",
      cause,
    })
  }
}
