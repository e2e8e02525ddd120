import type { PartRecipe, Recipe, Suite, Variant } from '../recipe.ts'

export function mariadbParts(suite: Suite): readonly PartRecipe[] {
  return [
    { kind: 'base', suite },
    { kind: 'dockerfile', suite, folders: ['mariadb', 'database'] },
  ]
}

function of(suite: Suite, tags: readonly string[], answers: RegExp): Variant {
  return {
    tags,
    answers,
    parts: mariadbParts(suite),
    versionOf: 'mariadb-server-core',
    config: ({ version }) => ({ Env: [`MARIADB_VERSION=${version}`] }),
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
