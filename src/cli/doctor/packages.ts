import { globSync, readFileSync } from 'node:fs'
import { home } from '#base/home.ts'
import { failure, ok, type Finding } from './finding.ts'

/** The table that the launcher installs from: file pattern, package, reason. */
const table = new URL('packaging/debian-packages', home)

export function packages(): Finding[] {
  return readFileSync(table, 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(' '))
    .map(([file = '', name = '', ...reason]) =>
      globSync(file).length > 0
        ? ok(`${name} is installed`)
        : failure(`${name} is missing: it ${reason.join(' ')}`, `apt-get install -y --no-install-recommends ${name}`),
    )
}
