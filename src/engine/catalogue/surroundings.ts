import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { acquireOptions, confOf, type AptOption } from './apt-options.ts'
import { onLoopback } from './on-loopback.ts'
import { packageRegistries } from './package-registries.ts'
import type { Suite } from './recipe.ts'
import { archiveKeyring, sourcesFor } from './sources.ts'

/** A file of the host that a build step sees, read-only. */
export interface SurroundingFile {
  readonly source: string
  readonly destination: string
}

export interface Surroundings {
  readonly mounts: readonly SurroundingFile[]
  readonly environment: Readonly<Record<string, string>>
}

export interface SurroundingsOptions {
  /** Where generated files are kept; made when missing. */
  readonly directory: string
  /** The daemon's own environment, for its proxies. */
  readonly environment: Readonly<Record<string, string | undefined>>
}

/** A container's /dev is a tmpfs of its own, so that not even the files' mount points get into a layer. */
const inside = '/dev/.galley'
const bundleInside = `${inside}/ca-certificates.crt`
const sourcesInside = `${inside}/sources.list`
const npmrcInside = `${inside}/npmrc`
const keyringInside = `${inside}/archive-keyring.gpg`
const bundles = ['/etc/ssl/certs/ca-certificates.crt', '/etc/pki/tls/certs/ca-bundle.crt', '/etc/ssl/cert.pem']
/** Variables by which common programs are told of a bundle of certificates. */
const bundleVariables = [
  'SSL_CERT_FILE',
  'CURL_CA_BUNDLE',
  'REQUESTS_CA_BUNDLE',
  'PIP_CERT',
  'GIT_SSL_CAINFO',
  'NODE_EXTRA_CA_CERTS',
  'CARGO_HTTP_CAINFO',
]

/**
 * What a build step (`RUN`) needs to reach the outside as the host does: the host's CA bundle, apt's `Acquire` options,
 * the proxies, and the registries that npm, pip and Go use. Mount the files read-only and set the variables for the step's process alone; neither belongs into the image's
 * configuration, its history or a cache key. A variable that the Dockerfile or a build argument sets wins. Name servers
 * come with the container's network. Credentials in apt's `auth.conf` are not handed on. Throws `unavailable`.
 */
export async function buildSurroundings({ directory, environment }: SurroundingsOptions): Promise<Surroundings> {
  const proxies = Object.entries(proxiesOf(environment)).filter(([name, value]) => /no_proxy/i.test(name) || !onLoopback(value))
  const around = await surroundings(directory, (await acquireOptions()).filter(reachable), proxies)
  const { npmrc, environment: registries } = packageRegistries(environment)
  writeFileSync(`${directory}/npmrc`, npmrc, { mode: 0o644 })
  if (npmrc === '') return { ...around, environment: { ...registries, ...around.environment } }
  return {
    mounts: [...around.mounts, { source: `${directory}/npmrc`, destination: npmrcInside }],
    environment: { ...registries, ...around.environment, NPM_CONFIG_GLOBALCONFIG: npmrcInside },
  }
}

/**
 * What a step of a catalogue's Dockerfile needs, which runs in the host's network: the same, with proxies on the host's loopback, and the
 * packages of a suite from where the host has its own. Throws `unavailable`.
 */
export async function recipeSurroundings(suite: Suite, { directory, environment }: SurroundingsOptions): Promise<Surroundings> {
  const { mounts, ...rest } = await surroundings(
    directory,
    [
      ...(await acquireOptions()),
      { name: 'Dir::Etc::sourcelist', value: sourcesInside },
      { name: 'Dir::Etc::sourceparts', value: '/dev/null' },
    ],
    Object.entries(proxiesOf(environment)),
  )
  const lines = (await sourcesFor(suite)).map((line) => line.replace(archiveKeyring, keyringInside))
  writeFileSync(`${directory}/sources.list`, `${lines.join('\n')}\n`, { mode: 0o644 })
  const keyring = existsSync(archiveKeyring) ? [{ source: archiveKeyring, destination: keyringInside }] : []
  return { ...rest, mounts: [...mounts, { source: `${directory}/sources.list`, destination: sourcesInside }, ...keyring] }
}

async function surroundings(
  directory: string,
  acquire: readonly AptOption[],
  proxies: readonly (readonly [string, string])[],
): Promise<Surroundings> {
  mkdirSync(directory, { recursive: true, mode: 0o711 })
  const bundle = bundles.find((path) => existsSync(path))
  const apt = moveFiles(acquire)
  const options = bundle === undefined ? apt.options : [{ name: 'Acquire::https::CaInfo', value: bundleInside }, ...apt.options]
  writeFileSync(`${directory}/apt.conf`, confOf(options), { mode: 0o644 })
  return {
    mounts: [
      { source: `${directory}/apt.conf`, destination: `${inside}/apt.conf` },
      ...(bundle === undefined ? [] : [{ source: bundle, destination: bundleInside }]),
      ...apt.mounts,
    ],
    environment: {
      APT_CONFIG: `${inside}/apt.conf`,
      ...(bundle !== undefined && Object.fromEntries(bundleVariables.map((name) => [name, bundleInside]))),
      ...Object.fromEntries(proxies),
    },
  }
}

/** The variables that name proxies, under both spellings, as programs differ in which they read. */
export function proxiesOf(environment: SurroundingsOptions['environment']): Record<string, string> {
  const proxies: Record<string, string> = {}
  for (const name of ['http_proxy', 'https_proxy', 'ftp_proxy', 'all_proxy', 'no_proxy']) {
    const value = environment[name] ?? environment[name.toUpperCase()] ?? ''
    if (value !== '') Object.assign(proxies, { [name]: value, [name.toUpperCase()]: value })
  }
  return proxies
}

/** A proxy on the host's loopback can't be reached from a container's network: there the step goes out directly. */
function reachable({ name, value }: AptOption): boolean {
  return !/::Proxy(::|$)/i.test(name) || !onLoopback(value)
}

const fileOptions = /::(?:CaInfo|SslCert|SslKey|CrlFile|IssuerCert)$/i

/** Options that name files of the host: the files come along, and the options point to where they are then. */
export function moveFiles(options: readonly AptOption[]): {
  readonly options: readonly AptOption[]
  readonly mounts: readonly SurroundingFile[]
} {
  const mounts = new Map<string, SurroundingFile>()
  const moved = options.map(({ name, value }) => {
    if (!fileOptions.test(name) || !existsSync(value)) return { name, value }
    const mount = mounts.get(value) ?? { source: value, destination: `${inside}/apt-file-${mounts.size}` }
    mounts.set(value, mount)
    return { name, value: mount.destination }
  })
  return { options: moved, mounts: [...mounts.values()] }
}
