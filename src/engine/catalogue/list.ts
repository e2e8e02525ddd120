import { keyOf } from './part-key.ts'
import type { Part, PartArchives } from './part-archives.ts'
import type { PartRecipe, Suite, Variant } from './recipe.ts'
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

/** The parts that are here and fresh, from the base upwards. */
function madeParts(recipes: readonly PartRecipe[], archives: PartArchives): readonly Part[] {
  const found: Part[] = []
  for (const recipe of recipes) {
    const below = found.flatMap(({ layers }) => layers)
    const part = archives.find(keyOf(recipe, below))
    if (part === undefined || !archives.isFresh(part)) break
    found.push(part)
  }
  return found
}

function entryOf(repository: string, variant: Variant, archives: PartArchives): CatalogueEntry {
  const { tags, parts, versionOf = '', differs } = variant
  const found = madeParts(parts, archives)
  const made = found.length === parts.length
  const version = made ? upstream(found.findLast(({ versions }) => versions[versionOf] !== undefined)?.versions[versionOf] ?? '') : ''
  return {
    repository,
    tags,
    suite: parts[0]?.suite ?? 'trixie',
    made,
    ...(version !== '' && { version }),
    differs: differs({ tag: tags.find(isWhole) ?? 'latest', version }).replace(/ {2,}/g, ' '),
  }
}
