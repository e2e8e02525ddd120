import { GalleyError } from '#base/error.ts'
import { familiarName, familiarReference, parseImageReference, withDefaultTag } from '#base/image-reference.ts'
import { momentOf } from '#base/moment.ts'
import type { Images } from './images.ts'
import type { Image } from './model.ts'

type Filters = ReadonlyMap<string, readonly string[]>
type Test = (image: Image) => boolean

const listFilters = ['before', 'dangling', 'label', 'label!', 'reference', 'since', 'until']
const pruneFilters = ['dangling', 'label', 'label!', 'until']

/** `docker images --filter`; with `reference`, images have only the names that fit. Throws `invalid` for an unknown filter, `not found` for the image of before or since. */
export function selectImages(images: Images, filters: Filters): readonly Image[] {
  known(filters, listFilters)
  const { before, since } = { before: imageOf(images, filters, 'before'), since: imageOf(images, filters, 'since') }
  const tests: Test[] = [
    ...commonTests(images, filters),
    ...(before === undefined ? [] : [(image: Image) => image.created < before.created]),
    ...(since === undefined ? [] : [(image: Image) => image.created > since.created]),
  ]
  const dangling = danglingOf(filters)
  if (dangling !== undefined) tests.push((image) => (dangling ? !hasTag(image) : image.references.length > 0))
  const found = images.list().filter((image) => tests.every((test) => test(image)))
  const patterns = filters.get('reference') ?? []
  return patterns.length === 0 ? found : found.flatMap((image) => underNames(image, patterns))
}

/** The image under those of its names that are asked for; nothing when it has none. */
function underNames(image: Image, patterns: readonly string[]): Image[] {
  const references = image.references.filter((text) => patterns.some((pattern) => matchesReference(pattern, text)))
  return references.length === 0 ? [] : [{ ...image, references }]
}

/**
 * What `docker image prune` takes: images without a tag, or with `dangling=false` all, that no container uses; and with that of the others
 * the names that are to spare. Throws `invalid`.
 */
export function pruneTests(images: Images, filters: Filters): { readonly isUnused: Test; readonly hasSpareNames: Test } {
  known(filters, pruneFilters)
  const onlyDangling = danglingOf(filters) ?? true
  const common = commonTests(images, filters)
  const isMeant: Test = (image) => common.every((test) => test(image))
  const isUsed: Test = ({ id }) => images.usedBy(id).length > 0 || images.isHeld(id)
  return {
    isUnused: (image) => isMeant(image) && !isUsed(image) && !(onlyDangling && hasTag(image)),
    hasSpareNames: (image) => !onlyDangling && isMeant(image) && isUsed(image) && spareNames(images, image).length > 0,
  }
}

/** Tags of an image in use but those that its containers were made by; one stays in any case. */
export function spareNames(images: Images, { id, references }: Image): string[] {
  const tags = references.filter((text) => parseImageReference(text).digest === undefined)
  const used = new Set(images.usedBy(id).flatMap(({ name }) => (name === undefined ? [] : taggedAs(name))))
  const kept = tags.filter((text) => used.has(text))
  return tags.filter((text) => !(kept.length > 0 ? kept : tags.slice(-1)).includes(text))
}

/** The tag that a container's image was called by; none for an id. */
function taggedAs(name: string): string[] {
  try {
    return [familiarReference(withDefaultTag(parseImageReference(name.replace(/@.*$/, ''))))]
  } catch {
    return []
  }
}

/** One that was pulled keeps its name by digest when another one takes its tag: as in Docker, it is of no more use for that. */
function hasTag({ references }: Image): boolean {
  return references.some((text) => parseImageReference(text).digest === undefined)
}

/** Whether a pattern of `path.Match`'s language fits a familiar reference, with or without its tag. Throws `invalid`. */
export function matchesReference(pattern: string, text: string): boolean {
  const glob = globOf(pattern)
  return glob.test(text) || glob.test(familiarName(parseImageReference(text)))
}

function commonTests(images: Images, filters: Filters): Test[] {
  const untils = (filters.get('until') ?? []).map((text) => momentOf(text, images.clock.now()))
  return [
    ...(filters.get('label') ?? []).map(
      (wanted): Test =>
        (image) =>
          hasLabel(image, wanted),
    ),
    ...(filters.get('label!') ?? []).map(
      (unwanted): Test =>
        (image) =>
          !hasLabel(image, unwanted),
    ),
    ...untils.map(
      (until): Test =>
        (image) =>
          image.created < until,
    ),
  ]
}

function hasLabel(image: Image, wanted: string): boolean {
  const labels = image.config.config?.Labels ?? {}
  const [name = '', ...rest] = wanted.split('=')
  return Object.hasOwn(labels, name) && (rest.length === 0 || labels[name] === rest.join('='))
}

function imageOf(images: Images, filters: Filters, name: string): Image | undefined {
  const value = filters.get(name)?.[0]
  return value === undefined ? undefined : images.resolve(value)
}

function danglingOf(filters: Filters): boolean | undefined {
  const values = filters.get('dangling') ?? []
  if (values.length === 0) return undefined
  if (values.every((value) => ['1', 'true'].includes(value.toLowerCase()))) return true
  if (values.every((value) => ['0', 'false'].includes(value.toLowerCase()))) return false
  throw new GalleyError('invalid', `invalid filter 'dangling=[${values.join(' ')}]'`)
}

function known(filters: Filters, names: readonly string[]): void {
  for (const name of filters.keys()) if (!names.includes(name)) throw new GalleyError('invalid', `invalid filter '${name}'`)
}

/** Go's path.Match: `*` and `?` stop at slashes, `[a-z]` and `[^a-z]` are classes, a backslash escapes. */
function globOf(pattern: string): RegExp {
  const source = pattern.replace(
    /\\(.)|(\*)|(\?)|\[(\^?)((?:\\.|[^\]\\])+)\]|([^\w\s])/gs,
    // oxlint-disable-next-line max-params -- one for each group of the pattern
    (whole, escaped?: string, star?: string, one?: string, not?: string, set?: string) => {
      if (escaped !== undefined) return literal(escaped)
      if (star !== undefined) return '[^/]*'
      if (one !== undefined) return '[^/]'
      return set === undefined ? literal(whole) : `[${not ?? ''}${set.replace(/[[\]^]/g, '\\$&')}]`
    },
  )
  try {
    return new RegExp(`^${source.replace(/(\[\^\/\]\*)+/g, '[^/]*')}$`, 's')
  } catch (cause) {
    throw new GalleyError('invalid', `invalid reference pattern: ${pattern}`, { cause })
  }
}

function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')
}
