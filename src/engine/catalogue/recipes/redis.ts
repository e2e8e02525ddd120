import type { Recipe } from '../recipe.ts'
import { flavoursOf, type Line } from './flavours.ts'

const lines: readonly Line[] = [
  { suite: 'bookworm', versions: /[67](?:\.\d+){0,2}/, shown: ['6', '6.x', '7', '7.x'] },
  { suite: 'trixie', versions: /latest|8(?:\.\d+){0,2}/, shown: ['latest', '8', '8.x'], newest: true },
]

export const valkey: Recipe = {
  repository: 'valkey/valkey',
  variants: flavoursOf(
    { suite: 'trixie', versions: /latest|[78](?:\.\d+){0,2}/, shown: ['latest', '8', '8.x'], newest: true },
    {
      flavours: ['full', 'alpine'],
      on: () => [['redis', { NAME: 'valkey' }]],
      versionOf: 'valkey-server',
      config: ({ version }) => ({ Cmd: ['valkey-server'], Env: [`VALKEY_VERSION=${version}`] }),
      what: 'Valkey',
      but: 'without modules',
    },
  ),
}

export const redis: Recipe = {
  repository: 'redis',
  variants: lines.flatMap((line) =>
    flavoursOf(line, {
      flavours: ['full', 'alpine'],
      on: () => [['redis']],
      versionOf: 'redis-server',
      config: ({ version }) => ({ Cmd: ['redis-server'], Env: [`REDIS_VERSION=${version}`] }),
      what: 'Redis',
      but: 'without modules',
    }),
  ),
}
