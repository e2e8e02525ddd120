import { parseManifest } from '#content/manifests/manifest.ts'
import { mediaTypes } from '#content/manifests/media-types.ts'
import type { LayerBlob } from './content.ts'
import type { Images } from './images.ts'
import type { Image } from './model.ts'

export interface ImageManifest {
  readonly bytes: Buffer
  readonly mediaType: string
}

/** The manifest under which an image came, if the layers' blobs are still those that it names. */
export async function keptManifest(images: Images, image: Image): Promise<ImageManifest | undefined> {
  const kept = await images.content.kept('manifest', image.id)
  if (kept === undefined) return undefined
  const parsed = parseManifest(kept.bytes)
  if (parsed.type !== 'manifest' || parsed.layers.length !== image.layers.length) return undefined
  for (const [index, layer] of image.layers.entries()) {
    const blob = await images.content.blobOf(layer)
    if (blob.digest !== parsed.layers[index]?.digest) return undefined
  }
  return kept
}

/**
 * A manifest for an image that was made here. Docker's media types, which the oldest registries take too, unless it goes into an index
 * or is annotated; Docker has none for layers that aren't gzip.
 */
export async function newManifest(
  images: Images,
  image: Image,
  { layers, plain }: { readonly layers: readonly LayerBlob[]; readonly plain: boolean },
): Promise<ImageManifest> {
  const { length: size } = await images.content.blobs.read(image.id)
  const docker = plain && layers.every(({ mediaType }) => mediaType === mediaTypes.ociLayerGzip)
  const mediaType = docker ? mediaTypes.dockerManifest : mediaTypes.ociManifest
  const manifest = {
    schemaVersion: 2,
    mediaType,
    config: { mediaType: docker ? mediaTypes.dockerConfig : mediaTypes.ociConfig, digest: image.id, size },
    layers: layers.map((layer) => ({
      mediaType: docker ? mediaTypes.dockerLayerGzip : layer.mediaType,
      size: layer.size,
      digest: layer.digest,
    })),
  }
  return { bytes: Buffer.from(JSON.stringify(manifest)), mediaType }
}
