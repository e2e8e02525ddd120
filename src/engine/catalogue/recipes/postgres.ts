import type { Recipe } from '../recipe.ts'
import { flavoursOf, linesOf, type Line } from './flavours.ts'

interface Postgres extends Line {
  readonly major: string
}

const lines: readonly Postgres[] = [
  { suite: 'bookworm', major: '15', versions: /1[2-5](?:\.\d+)?/, shown: ['12', '13', '14', '15', '15.x'] },
  { suite: 'trixie', major: '17', versions: /1[67](?:\.\d+)?/, shown: ['16', '17', '17.x'] },
  { suite: 'sid', major: '18', versions: /latest|18(?:\.\d+)?/, shown: ['latest', '18', '18.x'], newest: true },
]

/** From 18 on, the data is below a directory of its version, so that an upgrade can link files on the same volume. */
function dataOf(major: string): { readonly directory: string; readonly volume: string } {
  if (Number(major) < 18) return { directory: '/var/lib/postgresql/data', volume: '/var/lib/postgresql/data' }
  return { directory: `/var/lib/postgresql/${major}/docker`, volume: '/var/lib/postgresql' }
}

export const postgres: Recipe = {
  repository: 'postgres',
  variants: linesOf(lines, ({ major, ...line }) =>
    flavoursOf(line, {
      flavours: ['full', 'alpine'],
      on: () => [['postgres', { MAJOR: major }]],
      versionOf: `postgresql-${major}`,
      config: ({ version }) => ({
        Env: [`PG_VERSION=${version}`, `PGDATA=${dataOf(major).directory}`],
        Volumes: { [dataOf(major).volume]: {} },
      }),
      what: 'PostgreSQL',
    }),
  ),
}
