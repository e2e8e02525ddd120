import type { ImageReference } from '#base/image-reference.ts'
import type { Descriptor, Platform } from '#content/manifests/manifest.ts'
import type { Credentials } from '#content/remote/credentials.ts'
import { isUnreachable } from '#content/remote/error.ts'
import { firstOf, startingWith, type Registries } from '#content/remote/registries.ts'
import { parseImageConfig } from './image-config.ts'
import { pullError, unreachableError } from './pull-error.ts'

export interface RemoteImage {
  readonly descriptor: Pick<Descriptor, 'mediaType' | 'digest' | 'size'>
  readonly platforms: readonly Platform[]
}

/** What a registry has under a reference, without pulling it. Throws as a pull does. */
export async function describeRemote(
  registries: Registries,
  reference: ImageReference,
  { credentials, signal }: { readonly credentials: Credentials | undefined; readonly signal: AbortSignal },
): Promise<RemoteImage> {
  try {
    const all = registries.sources(reference, credentials)
    const { source, value } = await firstOf(all, (each) => each.manifest(reference, { signal }))
    const { parsed, digest, mediaType, bytes } = value
    const descriptor = { mediaType, digest, size: bytes.length }
    if (parsed.type === 'index') return { descriptor, platforms: parsed.manifests.flatMap(({ platform }) => platform ?? []) }
    const { digest: configDigest, size } = parsed.config
    const config = await firstOf(startingWith(source, all), (each) => each.smallBlob(configDigest, size, { signal }))
    const { os, architecture, variant } = parseImageConfig(config.value)
    return { descriptor, platforms: [{ os, architecture, ...(variant !== undefined && { variant }) }] }
  } catch (error) {
    throw isUnreachable(error) ? unreachableError(reference, error) : pullError(reference, error)
  }
}
