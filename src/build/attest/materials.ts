import type { Digest } from '#base/digest.ts'
import { canonicalReference, familiarName, parseImageReference, withDefaultTag, type ImageReference } from '#base/image-reference.ts'
import { formatPackageUrl } from '#base/package-url.ts'
import type { Platform } from '#content/manifests/manifest.ts'
import { formatPlatform } from '#content/manifests/platform.ts'

/** What a build takes from elsewhere, and what tells it from anything else of the same name. */
export type Material =
  | { readonly kind: 'image'; readonly reference: ImageReference; readonly platform: Platform; readonly digest: Digest }
  | { readonly kind: 'git'; readonly url: string; readonly commit: string }
  /** `digest` is sha256 in hexadecimal. */
  | { readonly kind: 'http'; readonly url: string; readonly digest: string }

/** `ResourceDescriptor` of in-toto. */
export interface Resource {
  readonly uri: string
  readonly digest: Readonly<Record<string, string>>
}

/** The package URL of an image. */
export function imageUrl(reference: ImageReference, platform: Platform): string {
  const parts = familiarName(reference).split('/')
  return formatPackageUrl({
    type: 'docker',
    namespace: parts.slice(0, -1),
    name: parts.at(-1) ?? '',
    ...(reference.tag !== undefined && { version: reference.tag }),
    qualifiers: { digest: reference.digest, platform: formatPlatform(platform) },
  })
}

/** Materials as provenance names them, in the order of their names. */
export function resourcesOf(materials: Iterable<Material>): readonly Resource[] {
  return [...materials].map(resourceOf).toSorted((a, b) => (a.uri < b.uri ? -1 : 1))
}

function resourceOf(material: Material): Resource {
  if (material.kind === 'image') {
    const { reference, platform, digest } = material
    return { uri: imageUrl(reference, platform), digest: { sha256: digest.slice('sha256:'.length) } }
  }
  const uri = withoutCredentials(material.url)
  if (material.kind === 'http') return { uri, digest: { sha256: material.digest } }
  return { uri, digest: { [material.commit.length === 64 ? 'sha256' : 'sha1']: material.commit } }
}

/**
 * A base image: known by the digest under which it came from its repository, or when it came from none by its id. undefined for one
 * that a step names by id alone.
 */
export function imageMaterial(
  text: string,
  platform: Platform,
  image: { readonly id: Digest; readonly references: readonly string[] },
): Material | undefined {
  if (/^(sha256:)?[a-f0-9]{64}$/.test(text)) return undefined
  const reference = withDefaultTag(parseImageReference(text))
  const known = image.references
    .map(parseImageReference)
    .find(({ domain, path, digest }) => digest !== undefined && domain === reference.domain && path === reference.path)?.digest
  return { kind: 'image', reference, platform, digest: reference.digest ?? known ?? image.id }
}

/** One and the same for equal materials. */
export function keyOf(material: Material): string {
  return material.kind === 'image' ? `${canonicalReference(material.reference)} ${formatPlatform(material.platform)}` : material.url
}

/** An address without user and password. */
export function withoutCredentials(address: string): string {
  return address.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/@]*@/i, '$1')
}
