import { keyOf } from './part-key.ts'
import type { PartArchives } from './part-archives.ts'
import type { Suite, Variant } from './recipe.ts'
import { recipes } from './recipes.ts'
import { upstream } from './upstream.ts'

/** One way to make an image, as a person is told of it. */
export interface CatalogueEntry {
  /** Familiar name on Docker Hub. */
  readonly repository: string
  /** `8.x` stands for many of a kind. */
  readonly tags: readonly string[]
  /** Of Debian, where the packages come from. */
  readonly suite: Suite
  /** Whether all of it was made on this machine and is young enough to be used again. */
  readonly made: boolean
  /** Of the program that the image is about; absent for what was not made here yet, and for a system. */
  readonly version?: string
  /** How it differs from the image of that name. */
  readonly differs: string
}

/** The whole catalogue, with what of it was made on this machine. */
export function listCatalogue(archives: PartArchives): readonly CatalogueEntry[] {
  return recipes.flatMap(({ repository, variants }) => variants.map((variant) => entryOf(repository, variant, archives)))
}

/** The full names that a repository's own name stands for: all tags that are shown in full. */
export function namesOf(repository: string): readonly string[] {
  const variants = recipes.find((recipe) => recipe.repository === repository)?.variants ?? []
  return variants.flatMap(({ tags }) => tags.filter(isWhole).map((tag) => `${repository}:${tag}`))
}

export function repositories(): readonly string[] {
  return recipes.map(({ repository }) => repository)
}

/** Not one that stands for many: `8.x`, `…-musl`. */
function isWhole(tag: string): boolean {
  return !/…|\b[xy]\b/.test(tag)
}

function entryOf(repository: string, variant: Variant, archives: PartArchives): CatalogueEntry {
  const { tags, parts, versionOf = '', differs } = variant
  let key = ''
  const found = parts.map((part) => archives.find((key = keyOf(part, key))))
  const made = found.every((part) => part !== undefined)
  const version = made ? upstream(found.findLast((part) => part?.versions[versionOf] !== undefined)?.versions[versionOf] ?? '') : ''
  return {
    repository,
    tags,
    suite: parts[0]?.suite ?? 'trixie',
    made,
    ...(version !== '' && { version }),
    differs: differs({ tag: tags.find(isWhole) ?? 'latest', version }).replace(/ {2,}/g, ' '),
  }
}
