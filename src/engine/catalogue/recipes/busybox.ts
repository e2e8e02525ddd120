import { defaultPath } from '#base/default-path.ts'
import type { PartRecipe, Recipe, Variant } from '../recipe.ts'

const installed: Variant = {
  tags: ['latest', 'stable', '1', '1.x', '1.x.y', '…-musl', '…-glibc', '…-uclibc'],
  answers: /^(latest|stable|1(\.\d+){0,2})(-(musl|glibc|uclibc))?$|^(musl|glibc|uclibc)$/,
  parts: [{ kind: 'busybox' }],
  versionOf: 'busybox-static',
  config: () => ({ Env: [`PATH=${defaultPath}`], Cmd: ['sh'] }),
  differs: ({ version }) => `BusyBox ${version} as installed on this machine`,
}

export const busybox: Recipe = {
  repository: 'busybox',
  variants: [
    {
      ...installed,
      // Not bookworm: its wget crashes when it is given a time limit.
      parts: [{ kind: 'busybox', suite: 'trixie' }],
      differs: ({ version }) => `BusyBox ${version} of Debian 13`,
      instead: installed,
    },
  ],
}

const hello: PartRecipe = { kind: 'dockerfile', suite: 'trixie', folders: ['hello-world'] }

/** The first image that people run. */
export const helloWorld: Recipe = {
  repository: 'hello-world',
  variants: [
    {
      ...installed,
      tags: ['latest', 'linux'],
      answers: /^(latest|linux)$/,
      parts: [{ kind: 'busybox', suite: 'trixie' }, hello],
      config: () => ({ Env: [`PATH=${defaultPath}`] }),
      differs: () => 'a script on BusyBox that says what happened',
      instead: {
        ...installed,
        parts: [{ kind: 'busybox' }, hello],
        config: () => ({ Env: [`PATH=${defaultPath}`] }),
        differs: () => 'a script on BusyBox that says what happened',
      },
    },
  ],
}
