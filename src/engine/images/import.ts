import { GalleyError } from '#base/error.ts'
import { canonicalReference, familiarReference, type ImageReference } from '#base/image-reference.ts'
import type { Platform } from '#content/manifests/manifest.ts'
import { hostPlatform } from '#content/manifests/platform.ts'
import type { Images } from './images.ts'
import type { HistoryEntry, Image, ImageConfig, RunConfig } from './model.ts'

export interface ImportOptions {
  readonly reference?: ImageReference | undefined
  /** The `config` section of the image. */
  readonly config?: RunConfig
  readonly message?: string
  readonly platform?: Platform | undefined
}

/** `docker import`: one layer from a root file system's archive. Throws `invalid`. */
export async function importImage(images: Images, source: AsyncIterable<Uint8Array>, options: ImportOptions): Promise<Image> {
  const created = new Date(images.clock.now()).toISOString()
  const image = await images.content.whileAdding(async () => {
    const { diffId } = await images.content.addStream(source)
    const platform = options.platform ?? hostPlatform()
    return images.add(
      encode({
        ...platform,
        created,
        config: options.config ?? {},
        rootfs: { type: 'layers', diff_ids: [diffId] },
        history: [{ created, comment: options.message ?? '' }],
      }),
    )
  })
  await name(images, image, options.reference)
  images.emit('import', image.id, { name: options.reference === undefined ? image.id : familiarReference(options.reference) })
  return images.resolve(image.id)
}

export interface CommitOptions {
  readonly reference?: ImageReference | undefined
  /** The whole `config` section of the new image. */
  readonly config: RunConfig
  readonly author?: string
  readonly comment?: string
  readonly createdBy?: string
}

/** A new image of `parent`'s layers and one more (a plain, gzip or zstd tar), or without one an empty history entry. Throws `invalid`. */
export async function commitImage(
  images: Images,
  parent: Image | undefined,
  layer: AsyncIterable<Uint8Array> | undefined,
  options: CommitOptions,
): Promise<Image> {
  const created = new Date(images.clock.now()).toISOString()
  const image = await images.content.whileAdding(async () => {
    const added = layer === undefined ? [] : [(await images.content.addStream(layer)).diffId]
    const step: HistoryEntry = {
      created,
      ...given({ created_by: options.createdBy, author: options.author, comment: options.comment }),
      ...(layer === undefined ? { empty_layer: true } : {}),
    }
    return images.add(
      encode({
        ...(parent === undefined ? hostPlatform() : { ...parent.config }),
        ...given({ author: options.author }),
        created,
        config: options.config,
        rootfs: { type: 'layers', diff_ids: [...(parent?.layers ?? []), ...added] },
        history: [...(parent?.config.history ?? []), step],
      }),
      parent?.id,
    )
  })
  await name(images, image, options.reference)
  return images.resolve(image.id)
}

async function name(images: Images, image: Image, reference: ImageReference | undefined): Promise<void> {
  if (reference === undefined) return
  if (reference.digest !== undefined) throw new GalleyError('invalid', `cannot name an image by digest: ${canonicalReference(reference)}`)
  await images.refer(reference, image.id)
}

function encode(config: ImageConfig): Buffer {
  return Buffer.from(JSON.stringify(config))
}

/** The fields that hold a text. */
function given(fields: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(Object.entries(fields).filter((entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== ''))
}
