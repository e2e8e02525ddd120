import type { Recipe, Variant } from '../recipe.ts'
import { mariadbParts } from './mariadb.ts'

const tags = ['latest', 'lts', 'innovation', '8', '8.x', '8.x.y', '9', '9.x', '9.x.y']
const answers = /^(latest|lts|innovation|[89](\.\d+){0,2})(-(oracle|oraclelinux\d|debian|bookworm|bullseye|buster))?$/

/** Behind MySQL's contract, for where Debian unstable can't be reached. */
const onMariadb: Variant = {
  tags,
  answers,
  parts: mariadbParts('bookworm'),
  versionOf: 'mariadb-server-core',
  config: ({ version }) => ({ Cmd: ['mysqld'], Env: [`MARIADB_VERSION=${version}`] }),
  differs: ({ tag, version }) => `MariaDB ${version} of Debian bookworm, not MySQL, in the name of ${tag}`,
}

export const mysql: Recipe = {
  repository: 'mysql',
  variants: [
    {
      tags,
      answers,
      parts: [
        { kind: 'base', suite: 'sid' },
        { kind: 'dockerfile', suite: 'sid', folders: ['mysql', 'database'] },
      ],
      versionOf: 'mysql-server-core',
      config: ({ version }) => ({ Env: [`MYSQL_MAJOR=${version.split('.').slice(0, 2).join('.')}`, `MYSQL_VERSION=${version}`] }),
      differs: ({ tag, version }) => `MySQL ${version} of Debian unstable in the name of ${tag}, with smaller caches`,
      instead: onMariadb,
    },
  ],
}
