import { canonicalReference, parseImageReference, withDefaultTag } from '#base/image-reference.ts'
import type { Digest } from '#base/digest.ts'
import type { Loaded } from '#compose/model/load.ts'
import { fieldIn, mappingOf, mapValues, plainText, scalar, withField, type Mapping, type Node } from '#compose/model/tree.ts'
import { askJson } from '../connect.ts'
import { loginHeader } from '../logins.ts'

/** The same document with each service's image under the digest that its registry has for it; the images alone, if only they are wanted. */
export async function withDigests<T extends Pick<Loaded, 'name' | 'document'>>(loaded: T, onlyImages: boolean): Promise<T> {
  const services = fieldIn(loaded.document, 'services')
  if (services?.kind !== 'mapping') return loaded
  const names = [...services.entries.values()].map(({ value }) => plainText(fieldIn(value, 'image'))).filter((name) => name !== '')
  const digests = new Map(await Promise.all([...new Set(names)].map(async (name) => [name, await pinned(name)] as const)))
  const changed = mapValues(services, (service) => withImage(service as Mapping, digests, onlyImages)) as Mapping
  const base = onlyImages ? mappingOf([], loaded.document.at) : loaded.document
  return { ...loaded, name: onlyImages ? '' : loaded.name, document: withField(base, 'services', changed) }
}

function withImage(service: Mapping, digests: ReadonlyMap<string, string>, onlyImages: boolean): Node {
  const image = fieldIn(service, 'image')
  const base = onlyImages ? mappingOf([], service.at) : service
  return image === undefined ? base : withField(base, 'image', scalar(digests.get(plainText(image)) ?? plainText(image), image.at))
}

async function pinned(name: string): Promise<string> {
  const reference = withDefaultTag(parseImageReference(name))
  if (reference.digest !== undefined) return canonicalReference(reference)
  const { Descriptor } = await askJson<{ readonly Descriptor: { readonly digest: Digest } }>(
    `/distribution/${canonicalReference(reference)}/json`,
    { headers: loginHeader(reference.domain) },
  )
  // With its tag too, so that it still says of what time it is.
  return `${canonicalReference(reference)}@${Descriptor.digest}`
}
