import { GalleyError } from '#base/error.ts'
import { familiarName, familiarReference, type ImageReference } from '#base/image-reference.ts'
import type { Recipe, Variant } from './recipe.ts'
import { recipes } from './recipes.ts'

export interface Choice {
  readonly variant: Variant
  readonly tag: string
}

/**
 * The way to make what a reference names; undefined for a name that nobody here knows, and for a digest, which can mean one image
 * only. Throws `unavailable` for a tag that isn't answered of a name that is known.
 */
export function choose(reference: ImageReference): Choice | undefined {
  const name = familiarName(reference)
  const recipe = recipes.find(({ repository }) => repository === name)
  if (recipe === undefined || reference.digest !== undefined) return undefined
  const tag = reference.tag ?? 'latest'
  const variant = recipe.variants.find(({ answers }) => answers.test(tag))
  if (variant === undefined) throw noSuchTag(reference, recipe)
  return { variant, tag }
}

function noSuchTag(reference: ImageReference, { repository, variants }: Recipe): GalleyError {
  const known = variants.flatMap(({ tags }) => tags).join(', ')
  const name = familiarReference(reference)
  return new GalleyError(
    'unavailable',
    `the registry of ${name} can't be reached, and Galley can't make ${name} from Debian's packages; it can make ${repository} with the tags ${known}`,
    { code: 'stand-in.no-such-tag', subject: name, advice: 'Use one of these tags, or load the image with docker load.' },
  )
}
