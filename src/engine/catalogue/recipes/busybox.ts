import type { Recipe } from '../recipe.ts'

export const busybox: Recipe = {
  repository: 'busybox',
  variants: [
    {
      tags: ['latest', 'stable', '1', '1.x', '1.x.y', '…-musl', '…-glibc', '…-uclibc'],
      answers: /^(latest|stable|1(\.\d+){0,2})(-(musl|glibc|uclibc))?$|^(musl|glibc|uclibc)$/,
      layers: [{ kind: 'busybox' }],
      versionOf: 'busybox-static',
      config: () => ({ Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'], Cmd: ['sh'] }),
      differs: ({ version }) => `BusyBox ${version} of this machine's Debian`,
    },
  ],
}
