import { existsSync } from 'node:fs'
import { GalleyError } from '#base/error.ts'
import { run } from '#host/process/run.ts'
import { publicArchive } from './public-archive.ts'
import type { Suite } from './recipe.ts'

/** One package archive that the host is set up for. */
export interface HostSource {
  readonly uri: string
  readonly release: string
  readonly component: string
}

/** Signs Debian's packages, on a host that is a Debian. */
export const archiveKeyring = '/usr/share/keyrings/debian-archive-keyring.gpg'
const format = '$(CREATED_BY)|$(REPO_URI)|$(RELEASE)|$(COMPONENT)'

/**
 * The lines of a `sources.list` for a suite: from where the host has its own Debian packages, with only the suite changed; from
 * Debian's public archive on a host that has none. The host's updates and security archives come along when it has them. Throws
 * `unavailable` when neither is known.
 */
export async function sourcesFor(suite: Suite): Promise<readonly string[]> {
  if (!existsSync('/usr/bin/apt-get')) return linesFor(suite, [], publicArchive())
  const { stdout } = await run('/usr/bin/apt-get', ['indextargets', '--format', format])
  return linesFor(suite, parseTargets(stdout), publicArchive())
}

/** Reads what `apt-get indextargets` prints with the format above. */
export function parseTargets(text: string): readonly HostSource[] {
  return text
    .split('\n')
    .map((line) => line.split('|'))
    .flatMap(([kind, uri = '', release = '', component = '']) => (kind === 'Packages' ? [{ uri, release, component }] : []))
}

const released = /^(bullseye|bookworm|trixie|forky|duke|sid|oldstable|stable|testing|unstable)$/
/** A mirror, or one day of Debian's snapshots. Others publish for Debian's suites too, below other paths. */
const mirror = /\/debian(\/\d{8}T\d{6}Z)?\/?$/

export function linesFor(suite: Suite, sources: readonly HostSource[], fallback: string | undefined): readonly string[] {
  const own = sources.filter(({ component }) => component === 'main')
  const main = own.find(({ uri, release }) => released.test(release) && mirror.test(uri))?.uri ?? fallback
  if (main === undefined)
    throw new GalleyError('unavailable', 'this host knows no archive of Debian packages', {
      code: 'stand-in.no-archive',
      advice: 'Add one to /etc/apt/sources.list, or: apt-get install mmdebstrap',
    })
  const updates = own.some(({ uri, release }) => uri === main && release.endsWith('-updates'))
  const security = own.find(({ release }) => /^\w+-security$/.test(release))?.uri
  return [
    line(main, suite),
    ...(suite !== 'sid' && updates ? [line(main, `${suite}-updates`)] : []),
    ...(suite !== 'sid' && security !== undefined ? [line(security, `${suite}-security`)] : []),
  ]
}

function line(uri: string, release: string): string {
  return `deb ${existsSync(archiveKeyring) ? `[signed-by=${archiveKeyring}] ` : ''}${uri} ${release} main`
}
