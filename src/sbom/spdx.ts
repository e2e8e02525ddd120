import { createHash } from 'node:crypto'
import { formatPackageUrl } from '#base/package-url.ts'
import type { FoundPackage, PackageType, Scan, System } from './model.ts'

export interface DocumentOptions {
  /** What the packages were found in. */
  readonly name: string
  /** Milliseconds since the epoch. */
  readonly created: number
  /** Who says so: program and version, such as `galley-1.0`. */
  readonly tool: string
  /** Says where a path comes from, for people. */
  readonly origin: (path: string) => string
}

export const spdxType = 'https://spdx.dev/Document'

/** An SPDX 2.3 document, as JSON, of what was found. The same finds at the same time give the same document. */
export function spdxOf({ packages, system, leftOut }: Scan, options: DocumentOptions): object {
  const { name, created, tool } = options
  const root = { SPDXID: 'SPDXRef-Root', name, primaryPackagePurpose: 'CONTAINER', ...unanalysed }
  const own = [...merged(packages, system).values()].map((one) => packageOf(one, options))
  const all = [root, ...(system === undefined ? [] : [systemPackage(system)]), ...own]
  return {
    spdxVersion: 'SPDX-2.3',
    dataLicense: 'CC0-1.0',
    SPDXID: 'SPDXRef-DOCUMENT',
    name,
    documentNamespace: `urn:uuid:${uuidOf(JSON.stringify([name, created, all]))}`,
    creationInfo: {
      created: new Date(created).toISOString().replace(/\.\d+Z$/, 'Z'),
      creators: [`Tool: ${tool}`],
      ...(leftOut.length > 0 && { comment: `Left out: ${leftOut.join('; ')}` }),
    },
    packages: all,
    relationships: [
      relationship('SPDXRef-DOCUMENT', 'DESCRIBES', root.SPDXID),
      ...all.slice(1).map(({ SPDXID }) => relationship(root.SPDXID, 'CONTAINS', SPDXID)),
    ],
  }
}

interface Entry {
  readonly SPDXID: string
  readonly [field: string]: unknown
}

const unanalysed = {
  downloadLocation: 'NOASSERTION',
  filesAnalyzed: false,
  licenseConcluded: 'NOASSERTION',
  copyrightText: 'NOASSERTION',
} as const

interface Merged {
  readonly url: string
  readonly found: FoundPackage
  readonly paths: string[]
}

/** The same package at several places is one. In the order of their URLs, whatever the file system's is. */
function merged(packages: readonly FoundPackage[], system: System | undefined): ReadonlyMap<string, Merged> {
  const byUrl = new Map<string, Merged>()
  const withUrls = packages.map((found) => ({ url: urlOf(found, system), found })).toSorted(byUrlAndPath)
  for (const { url, found } of withUrls) {
    const known = byUrl.get(url)
    if (known === undefined) byUrl.set(url, { url, found, paths: [found.path] })
    else if (!known.paths.includes(found.path)) known.paths.push(found.path)
  }
  return byUrl
}

function byUrlAndPath(a: Omit<Merged, 'paths'>, b: Omit<Merged, 'paths'>): number {
  return a.url === b.url ? (a.found.path < b.found.path ? -1 : 1) : a.url < b.url ? -1 : 1
}

/** Whose packages they are when the system doesn't say. */
const usualSystems: Partial<Record<PackageType, string>> = { deb: 'debian', apk: 'alpine', rpm: 'redhat' }

function urlOf(found: FoundPackage, system: System | undefined): string {
  const { type, version, architecture, source, epoch } = found
  // The specification of package URLs has modules of Go in lower case.
  const [namespace, name = ''] = [found.namespace, found.name].map((text) => (type === 'golang' ? text?.toLowerCase() : text))
  const usual = usualSystems[type]
  const isOfSystem = usual !== undefined
  const owner = isOfSystem ? (system?.id ?? usual) : namespace
  const distro = isOfSystem && system !== undefined ? [system.id, system.version].filter((part) => part !== '').join('-') : undefined
  const qualifiers = { arch: architecture, distro, upstream: source, epoch }
  return formatPackageUrl({ type, ...(owner !== undefined && { namespace: owner.split('/') }), name, version, qualifiers })
}

function packageOf({ url, found, paths }: Merged, { origin }: DocumentOptions): Entry {
  const { type, namespace, name, version, license, maintainer } = found
  const shown = namespace === undefined ? name : type === 'npm' || type === 'golang' ? `${namespace}/${name}` : `${namespace}:${name}`
  return {
    SPDXID: `SPDXRef-Package-${type}-${name.replaceAll(/[^A-Za-z0-9.-]/g, '-')}-${createHash('sha256').update(url).digest('hex').slice(0, 12)}`,
    name: shown,
    versionInfo: version,
    ...(maintainer !== undefined && { supplier: supplierOf(maintainer) }),
    ...unanalysed,
    ...licenseOf(license),
    sourceInfo: `found by ${paths.map(origin).join(', ')}`,
    externalRefs: [{ referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: url }],
  }
}

function systemPackage({ id, version, name }: System): Entry {
  return {
    SPDXID: `SPDXRef-OperatingSystem-${id.replaceAll(/[^A-Za-z0-9.-]/g, '-')}`,
    name: id,
    ...(version !== '' && { versionInfo: version }),
    summary: name,
    primaryPackagePurpose: 'OPERATING-SYSTEM',
    ...unanalysed,
  }
}

function supplierOf(maintainer: string): string {
  const [, name, address] = /^(.*?)\s*<([^>]*)>/.exec(maintainer) ?? []
  return name === undefined || name === '' ? `Person: ${maintainer}` : `Person: ${name} (${address})`
}

/** Identifiers of the SPDX licence list that packages use most; any other text is quoted as a comment, since it may be none of them. */
const licenses = new Set(
  `0BSD AFL-2.1 AGPL-3.0-only AGPL-3.0-or-later Apache-2.0 Artistic-2.0 BlueOak-1.0.0 BSD-2-Clause BSD-3-Clause BSL-1.0 bzip2-1.0.6 CC-BY-3.0
  CC-BY-4.0 CC0-1.0 CDDL-1.0 EPL-1.0 EPL-2.0 GPL-2.0-only GPL-2.0-or-later GPL-3.0-only GPL-3.0-or-later HPND ISC LGPL-2.0-or-later LGPL-2.1-only
  LGPL-2.1-or-later LGPL-3.0-only LGPL-3.0-or-later MIT MIT-0 MPL-1.1 MPL-2.0 OpenSSL PSF-2.0 Python-2.0 Unlicense WTFPL X11 Zlib`.split(
    /\s+/,
  ),
)

function licenseOf(text: string | undefined): object {
  if (text === undefined || text === '') return { licenseDeclared: 'NOASSERTION' }
  const names = text
    .replaceAll(/[()]/g, ' ')
    .trim()
    .split(/\s+(?:AND|OR)\s+/)
  if (names.every((name) => licenses.has(name))) return { licenseDeclared: text }
  return { licenseDeclared: 'NOASSERTION', licenseComments: `Declared as: ${text.slice(0, 200)}` }
}

function relationship(from: string, kind: 'DESCRIBES' | 'CONTAINS', to: string): object {
  return { spdxElementId: from, relationshipType: kind, relatedSpdxElement: to }
}

/** RFC 9562, version 8: made of a hash. */
function uuidOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex')
  const variant = ((Number.parseInt(hex.slice(16, 17), 16) & 3) | 8).toString(16)
  return [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `${variant}${hex.slice(17, 20)}`, hex.slice(20, 32)].join('-')
}
