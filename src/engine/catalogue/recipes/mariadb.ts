import { defaultPath } from '#base/default-path.ts'
import type { RunConfig } from '#engine/images/model.ts'
import type { LayerRecipe, Recipe, Suite, Variant } from '../recipe.ts'

const files = ['database', 'mariadb/files']
const unpackers = ['bzip2', 'xz-utils', 'zstd']

export function mariadbLayers(suite: Suite): readonly LayerRecipe[] {
  const packages = ['mariadb-server-core', 'mariadb-client', ...unpackers]
  return [
    { kind: 'base', suite },
    { kind: 'packages', suite, packages, files, setup: 'mariadb/setup.sh' },
  ]
}

export function mariadbConfig(command: string, environment: readonly string[]): RunConfig {
  return {
    Env: [`PATH=${defaultPath}`, 'LANG=C.UTF-8', ...environment],
    ExposedPorts: { '3306/tcp': {} },
    Volumes: { '/var/lib/mysql': {} },
    Entrypoint: ['docker-entrypoint.sh'],
    Cmd: [command],
  }
}

function of(suite: Suite, tags: readonly string[], answers: RegExp): Variant {
  return {
    tags,
    answers,
    layers: mariadbLayers(suite),
    versionOf: 'mariadb-server-core',
    config: ({ version }) => mariadbConfig('mariadbd', [`MARIADB_VERSION=${version}`]),
    differs: ({ tag, version }) => `MariaDB ${version} of Debian ${suite} in the name of ${tag}, without replication settings`,
  }
}

const systems = '(-(jammy|noble|focal|ubi|ubi9))?'

export const mariadb: Recipe = {
  repository: 'mariadb',
  variants: [
    of('bookworm', ['10', '10.x'], new RegExp(`^10(\\.\\d+){0,2}${systems}$`)),
    of('trixie', ['latest', 'lts', '11', '11.x'], new RegExp(`^(latest|lts|11(\\.\\d+){0,2})${systems}$`)),
  ],
}
