import { defaultPath } from '#base/default-path.ts'
import type { Recipe, Variant } from '../recipe.ts'
import { mariadbConfig, mariadbLayers } from './mariadb.ts'

const tags = ['latest', 'lts', 'innovation', '8', '8.x', '8.x.y', '9', '9.x', '9.x.y']
const answers = /^(latest|lts|innovation|[89](\.\d+){0,2})(-(oracle|oraclelinux\d|debian|bookworm|bullseye|buster))?$/

/** Behind MySQL's contract, for where Debian unstable can't be reached. */
const onMariadb: Variant = {
  tags,
  answers,
  layers: mariadbLayers('bookworm'),
  versionOf: 'mariadb-server-core',
  config: ({ version }) => mariadbConfig('mysqld', [`MARIADB_VERSION=${version}`]),
  differs: ({ tag, version }) => `MariaDB ${version} of Debian bookworm, not MySQL, in the name of ${tag}`,
}

export const mysql: Recipe = {
  repository: 'mysql',
  variants: [
    {
      tags,
      answers,
      layers: [
        { kind: 'base', suite: 'sid' },
        {
          kind: 'packages',
          suite: 'sid',
          packages: ['mysql-server-core', 'mysql-client-core', 'bzip2', 'xz-utils', 'zstd'],
          files: ['database', 'mysql/files'],
          setup: 'mysql/setup.sh',
        },
      ],
      versionOf: 'mysql-server-core',
      config: ({ version }) => ({
        Env: [`PATH=${defaultPath}`, `MYSQL_MAJOR=${version.split('.').slice(0, 2).join('.')}`, `MYSQL_VERSION=${version}`],
        ExposedPorts: { '3306/tcp': {}, '33060/tcp': {} },
        Volumes: { '/var/lib/mysql': {} },
        Entrypoint: ['docker-entrypoint.sh'],
        Cmd: ['mysqld'],
      }),
      differs: ({ tag, version }) => `MySQL ${version} of Debian unstable in the name of ${tag}, with smaller caches`,
      instead: onMariadb,
    },
  ],
}
