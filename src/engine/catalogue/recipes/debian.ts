import { defaultPath } from '#base/default-path.ts'
import type { Recipe, Suite, Variant } from '../recipe.ts'
import { partsOn } from './flavours.ts'

/** A tag with a day (`bookworm-20250520`) names a state of the archive that is past: it gets today's, and that is said. */
function suite(name: Suite, release: string, shown: readonly string[], words: RegExp): Variant {
  return {
    tags: shown.flatMap((tag) => (tag === 'latest' ? [tag] : [tag, `${tag}-slim`])),
    answers: new RegExp(`^(${words.source})(-\\d{8})?(-slim)?$`),
    parts: [{ kind: 'base', suite: name }],
    config: () => ({ Env: [`PATH=${defaultPath}`], Cmd: ['bash'] }),
    differs: ({ tag }) =>
      [`Debian ${release} as of today`, ...(tag.endsWith('-slim') ? [] : ['without manuals and translations'])].join(', '),
  }
}

export const debian: Recipe = {
  repository: 'debian',
  variants: [
    suite('bookworm', '12', ['bookworm', '12', '12.x', 'oldstable'], /bookworm|12(?:\.\d+)?|oldstable/),
    suite('trixie', '13', ['latest', 'trixie', '13', '13.x', 'stable'], /latest|trixie|13(?:\.\d+)?|stable/),
    suite('sid', 'unstable', ['sid', 'unstable'], /sid|unstable/),
  ],
}

/** With the compilers and tools that images of languages have in their full form; `-curl` and `-scm` have them too. */
function buildpack(name: Suite, release: string, shown: readonly string[], words: RegExp): Variant {
  return {
    tags: shown.flatMap((tag) => (tag === 'latest' ? [tag] : [tag, `${tag}-scm`, `${tag}-curl`])),
    answers: new RegExp(`^(${words.source})(-(curl|scm))?$`),
    parts: partsOn(name, [['buildpack']]),
    config: () => ({ Env: [`PATH=${defaultPath}`], Cmd: ['bash'] }),
    differs: () => `Debian ${release} as of today, with compilers and git, without the headers of libraries`,
  }
}

export const buildpackDeps: Recipe = {
  repository: 'buildpack-deps',
  variants: [
    buildpack('bookworm', '12', ['bookworm', 'oldstable'], /bookworm|oldstable/),
    buildpack('trixie', '13', ['latest', 'trixie', 'stable'], /latest|trixie|stable|curl|scm/),
    buildpack('sid', 'unstable', ['sid', 'unstable'], /sid|unstable/),
  ],
}
