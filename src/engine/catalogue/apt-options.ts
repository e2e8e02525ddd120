import { existsSync } from 'node:fs'
import { GalleyError } from '#base/error.ts'
import { run } from '#host/process/run.ts'
import { publicArchive } from './public-archive.ts'

/** One setting of apt's configuration tree, such as `Acquire::http::Proxy`; a list's members end in `::`. */
export interface AptOption {
  readonly name: string
  readonly value: string
}

/** Which indexes to fetch is the business of an archive's user, and default here to what desktop packages of the host added. */
const indexes = /^Acquire::IndexTargets\b/

/**
 * How the host reaches package archives: all its `Acquire` options (proxies, certificates, limits, checks). Empty on a host
 * without apt. Throws `unavailable` when its configuration can't be read.
 */
export async function acquireOptions(): Promise<readonly AptOption[]> {
  if (!existsSync('/usr/bin/apt-config')) return []
  const { code, stdout, stderr } = await run('/usr/bin/apt-config', ['dump'])
  if (code !== 0) throw new GalleyError('unavailable', `the host's apt configuration can't be read: ${stderr.trim()}`)
  return withDetectedProxy(parseOptions(stdout).filter(({ name }) => name.startsWith('Acquire::') && !indexes.test(name)))
}

/** Reads what `apt-config dump` prints; settings without a value are left out. */
export function parseOptions(dump: string): readonly AptOption[] {
  return dump
    .split('\n')
    .map((line) => /^(\S+) "(.+)";$/.exec(line))
    .flatMap((match) => (match === null ? [] : [{ name: match[1] ?? '', value: match[2] ?? '' }]))
}

/** As a file that apt reads. */
export function confOf(options: readonly AptOption[]): string {
  return options.map(({ name, value }) => `${name} "${value}";\n`).join('')
}

const detection = /^Acquire::(?:https?::)?Proxy-?Auto-?Detect$/i

/** A program on the host that finds the proxy is asked once here, as it isn't there where the options go. */
async function withDetectedProxy(options: readonly AptOption[]): Promise<readonly AptOption[]> {
  const archive = publicArchive()
  if (archive === undefined || !options.some(({ name }) => detection.test(name))) return options
  const { stdout } = await run('/usr/lib/apt/apt-helper', ['auto-detect-proxy', archive])
  const proxy = /: (https?:\/\/\S+)\s*$/.exec(stdout)?.[1]
  return [
    ...options.filter(({ name }) => !detection.test(name)),
    ...(proxy === undefined ? [] : [{ name: 'Acquire::http::Proxy', value: proxy }]),
  ]
}
