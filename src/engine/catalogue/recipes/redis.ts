import type { Recipe, Suite, Variant } from '../recipe.ts'

function of(suite: Suite, tags: readonly string[], answers: RegExp): Variant {
  return {
    tags,
    answers,
    parts: [
      { kind: 'base', suite },
      { kind: 'dockerfile', suite, folders: ['redis'] },
    ],
    versionOf: 'redis-server',
    config: ({ version }) => ({ Env: [`REDIS_VERSION=${version}`] }),
    differs: ({ tag, version }) => `Redis ${version} of Debian ${suite} in the name of ${tag}, without modules`,
  }
}

const systems = '(-(alpine[\\d.]*|bookworm|bullseye|buster|trixie))?'

export const redis: Recipe = {
  repository: 'redis',
  variants: [
    of('bookworm', ['6', '6.x', '7', '7.x', '7-alpine'], new RegExp(`^[67](\\.\\d+){0,2}${systems}$`)),
    of('trixie', ['latest', 'alpine', '8', '8.x', '8-alpine'], new RegExp(`^((latest|8(\\.\\d+){0,2})${systems}|alpine)$`)),
  ],
}
