import { GalleyError } from '#base/error.ts'
import { familiarName, familiarReference, type ImageReference } from '#base/image-reference.ts'
import type { Recipe, Variant } from './recipe.ts'
import { recipes } from './recipes.ts'

export interface Choice {
  readonly variant: Variant
  readonly tag: string
}

/** Well-known names that people will ask for, and that can't be made. */
const absent: Readonly<Record<string, string>> = {
  mongo: 'MongoDB left Debian when its licence changed',
  elasticsearch: 'Elasticsearch is not in Debian',
  kibana: 'Kibana is not in Debian',
  traefik: 'Traefik is not in Debian',
  composer: "Debian's Composer is no single file that COPY --from=composer could take; apt-get install composer",
}

/**
 * The way to make what a reference names; undefined for a name that nobody here knows, and for a digest, which can mean one image
 * only. Throws `unavailable` for a tag that isn't answered of a name that is known, and for a name that is
 * known for not being in Debian.
 */
export function choose(reference: ImageReference): Choice | undefined {
  const name = familiarName(reference)
  const recipe = recipes.find(({ repository }) => repository === name)
  if (reference.digest !== undefined) return undefined
  if (recipe === undefined && Object.hasOwn(absent, name)) throw notInDebian(reference, absent[name] ?? '')
  if (recipe === undefined) return undefined
  const tag = reference.tag ?? 'latest'
  const variant = recipe.variants.find(({ answers }) => answers.test(tag))
  if (variant === undefined) throw noSuchTag(reference, recipe)
  return { variant, tag }
}

function notInDebian(reference: ImageReference, why: string): GalleyError {
  const name = familiarReference(reference)
  return new GalleyError(
    'unavailable',
    `the registry of ${name} can't be reached, and Galley can't make it from Debian's packages: ${why}`,
    {
      code: 'stand-in.not-in-debian',
      subject: name,
      advice: 'Load the image with docker load. galley images catalogue lists what can be made.',
    },
  )
}

function noSuchTag(reference: ImageReference, { repository, variants }: Recipe): GalleyError {
  const known = likeTag(
    variants.flatMap(({ tags }) => tags),
    reference.tag ?? '',
  ).join(', ')
  const name = familiarReference(reference)
  return new GalleyError(
    'unavailable',
    `the registry of ${name} can't be reached, and Galley can't make ${name} from Debian's packages; it can make ${repository} with the tags ${known}`,
    {
      code: 'stand-in.no-such-tag',
      subject: name,
      advice: 'Use one of these tags, or load the image with docker load. galley images catalogue lists all tags.',
    },
  )
}

/** Those of the same flavour, each version once: a person who asked for an alpine goes on with one. */
function likeTag(tags: readonly string[], asked: string): readonly string[] {
  const flavourOf = (tag: string): string => /alpine|slim/.exec(tag)?.[0] ?? ''
  const alike = tags.filter((tag) => flavourOf(tag) === flavourOf(asked))
  const exact = (alike.length === 0 ? tags : alike).filter((tag) => !/\.x\b/.test(tag))
  return exact.length === 0 ? tags : exact
}
