import { existsSync, readFileSync } from 'node:fs'
import { onLoopback } from './on-loopback.ts'

/** Where this host's npm, pip and Go find packages, as far as a build step may know and can reach it. */
export interface PackageRegistries {
  /** Lines of an npmrc: of the global one, which a project's own and a user's replace line by line. Empty when the host says nothing. */
  readonly npmrc: string
  readonly environment: Readonly<Record<string, string>>
}

type Environment = Readonly<Record<string, string | undefined>>
type Read = (path: string) => string | undefined

/**
 * Reads it from the daemon's own environment and root's and the system's configuration of these programs; in the environment are neither
 * addresses with credentials nor those on the loopback. Lock files don't tell where packages came from, as this is the host's business.
 */
export function packageRegistries(environment: Environment, read: Read = readIfThere): PackageRegistries {
  const home = environment['HOME'] ?? '/root'
  const settings = (paths: readonly string[]): ReadonlyMap<string, string> =>
    new Map(paths.toReversed().flatMap((path) => entries(read(path) ?? '')))
  const npm = settings([`${home}/.npmrc`, '/etc/npmrc', '/usr/etc/npmrc', '/usr/local/etc/npmrc'])
  const pip = settings([`${home}/.config/pip/pip.conf`, `${home}/.pip/pip.conf`, '/etc/pip.conf'])
  const go = settings([`${home}/.config/go/env`])
  const registry = usable(environment['npm_config_registry'] ?? environment['NPM_CONFIG_REGISTRY'] ?? npm.get('registry'))
  const named = {
    COREPACK_NPM_REGISTRY: registry,
    PIP_INDEX_URL: usable(environment['PIP_INDEX_URL'] ?? pip.get('index-url')),
    PIP_EXTRA_INDEX_URL: usable(environment['PIP_EXTRA_INDEX_URL'] ?? pip.get('extra-index-url')),
    GOPROXY: usable(environment['GOPROXY'] ?? go.get('GOPROXY')),
    GOSUMDB: environment['GOSUMDB'] ?? go.get('GOSUMDB'),
  }
  return {
    npmrc: registry === undefined ? '' : `registry=${registry}\nomit-lockfile-registry-resolved=true\n`,
    environment: Object.fromEntries(Object.entries(named).filter((entry): entry is [string, string] => entry[1] !== undefined)),
  }
}

/** `name = value` or `name=value`, one a line; sections and comments are left out. */
function entries(text: string): [string, string][] {
  return text.split('\n').flatMap((line) => {
    const [, name, value] = /^\s*([\w-]+)\s*=\s*(.+?)\s*$/.exec(line) ?? []
    return name === undefined || value === undefined ? [] : [[name, value.replace(/^"(.*)"$/, '$1')]]
  })
}

/** Addresses, or words of Go's such as `direct`, that a container can use; all of a list or none. */
function usable(list: string | undefined): string | undefined {
  const parts = (list ?? '').split(/[\s,|]+/).filter((part) => part !== '')
  const fine = parts.every((part) => (/^https?:\/\/[^@/]+(\/|$)/.test(part) && !onLoopback(part)) || part === 'direct' || part === 'off')
  return parts.length > 0 && fine ? list : undefined
}

function readIfThere(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined
}
