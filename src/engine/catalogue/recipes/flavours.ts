import type { RunConfig } from '#engine/images/model.ts'
import type { Facts, PartRecipe, Suite, Variant } from '../recipe.ts'

/** What tags of official images end in: nothing or a Debian, `slim`, or an Alpine. */
export type Flavour = 'full' | 'slim' | 'alpine'

const debians = 'trixie|bookworm|bullseye|buster|stretch|sid'

const endings: { readonly [Name in Flavour]: { readonly words: string; readonly shown: readonly string[] } } = {
  full: { words: debians, shown: [''] },
  slim: { words: `slim|(?:${debians})-slim|slim-(?:${debians})`, shown: ['-slim'] },
  alpine: { words: 'alpine[\\d.]*', shown: ['-alpine'] },
}

export interface Line {
  readonly suite: Suite
  /** Versions as tags have them, such as `7(\.\d+){0,2}`. */
  readonly versions: RegExp
  /** As a person is told of them. */
  readonly shown: readonly string[]
  /** A tag may also leave the version out. */
  readonly newest?: boolean
}

export interface Wishes {
  readonly flavours: readonly Flavour[]
  /** Folders under `images/` with their arguments, on top of the suite; lowest first. */
  on(flavour: Flavour): readonly Step[]
  readonly versionOf: string
  /** Beside what the Dockerfiles say. */
  config?(facts: Facts): RunConfig
  /** `Redis 7.0.15 of Debian bookworm in the name of 7`. */
  readonly what: string
  /** What this one lacks or does differently, behind that. */
  readonly but?: string
}

/** A Dockerfile's folder and the others that it copies from, and its arguments. */
export type Step = readonly [folder: string, args?: Readonly<Record<string, string>>]

/** The variants of one version, one for each flavour. */
export function flavoursOf({ suite, versions, shown, newest = false }: Line, wishes: Wishes): readonly Variant[] {
  return wishes.flavours.map((flavour) => {
    const { words, shown: ends } = endings[flavour]
    const plain = flavour === 'full' ? '?' : ''
    const alone = newest ? `|(?:${words})` : ''
    const { config, but } = wishes
    return {
      tags: ends.flatMap((end) => shown.flatMap((version) => (version !== 'latest' || end === '' ? [`${version}${end}`] : [flavour]))),
      answers: new RegExp(`^(?:(?:${versions.source})(?:-(?:${words}))${plain}${alone})$`),
      parts: partsOn(suite, [...wishes.on(flavour), ...(flavour === 'alpine' ? [['alpine'] as const] : [])]),
      versionOf: wishes.versionOf,
      ...(config !== undefined && { config: (facts: Facts) => config(facts) }),
      differs: ({ tag, version }) =>
        [
          `${wishes.what} ${version} of Debian ${suite} in the name of ${tag}`,
          ...(flavour === 'alpine' ? [insteadOfAlpine] : []),
          ...(but === undefined ? [] : [but]),
        ].join(', '),
    }
  })
}

/** The variants of several versions. Where Debian unstable can't be had, the newest stable one takes the place of those that are from there. */
export function linesOf<L extends Line>(lines: readonly L[], variantsOf: (line: L) => readonly Variant[]): readonly Variant[] {
  const stable = lines.findLast(({ suite }) => suite !== 'sid')
  const instead = stable === undefined ? [] : variantsOf(stable)
  return lines.flatMap((line) =>
    variantsOf(line).map((variant, at) =>
      line.suite === 'sid' && instead[at] !== undefined ? { ...variant, instead: instead[at] } : variant,
    ),
  )
}

/** How every image that is called alpine differs. */
export const insteadOfAlpine = 'with glibc and apt instead of musl and apk'

/** A suite with Dockerfiles on top. */
export function partsOn(suite: Suite, steps: readonly Step[]): readonly PartRecipe[] {
  return [
    { kind: 'base', suite },
    ...steps.map(([folder, args]) => ({
      kind: 'dockerfile' as const,
      suite,
      folders: [folder] as const,
      ...(args !== undefined && { args }),
    })),
  ]
}
