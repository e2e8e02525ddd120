import { defaultPath } from '#base/default-path.ts'
import type { Recipe, Suite, Variant } from '../recipe.ts'
import { insteadOfAlpine, partsOn, type Step } from './flavours.ts'

/** Other distributions than Debian, which is what is inside. */
function instead(suite: Suite, tags: readonly string[], answers: RegExp, on: readonly Step[]): Variant {
  return {
    tags,
    answers,
    parts: partsOn(suite, on),
    config: () => ({ Env: [`PATH=${defaultPath}`], Cmd: [on.some(([folder]) => folder === 'alpine') ? '/bin/sh' : '/bin/bash'] }),
    differs: ({ tag }) => `Debian ${suite} in the name of ${tag}`,
  }
}

const alpineTags = ['latest', 'edge', '3', '3.x', '3.x.y']

export const alpine: Recipe = {
  repository: 'alpine',
  variants: [
    {
      ...instead('trixie', alpineTags, /^(latest|edge|3(\.\d+){0,2})$/, [['alpine']]),
      differs: () => `Debian trixie, not Alpine: ${insteadOfAlpine}; BusyBox's commands are there, and its ash is sh`,
    },
  ],
}

const jammy = instead('bookworm', ['22.04', 'jammy'], /^(22\.04|jammy(-\d{8})?)$/, [])
const noble = instead('trixie', ['latest', '24.04', 'noble'], /^(latest|24\.04|noble(-\d{8})?)$/, [['ubuntu']])

export const ubuntu: Recipe = {
  repository: 'ubuntu',
  variants: [jammy, noble].map((variant) => ({
    ...variant,
    differs: ({ tag }) =>
      `Debian ${variant === jammy ? 'bookworm' : 'trixie'}, not Ubuntu, in the name of ${tag}: names and versions of packages differ, and there are no PPAs`,
  })),
}
