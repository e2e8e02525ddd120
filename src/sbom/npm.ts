import { isObject, type JsonObject } from '#base/json.ts'
import type { Cataloguer, FoundPackage, ScannedFile } from './model.ts'

/** What lies in `node_modules`. */
export const nodeModules: Cataloguer = {
  matches: (path) => /(^|\/)node_modules\/(@[^/]+\/[^/]+|[^/@.][^/]*)\/package\.json$/.test(path),
  packages: (file) => {
    const { name, version, license } = objectOf(file)
    if (typeof name !== 'string' || typeof version !== 'string' || name === '' || version === '') return []
    return [{ ...named(name), version, license: licenseOf(license), path: file.path }]
  },
}

/** What a lock file says, where nothing is installed beside it: without what only developers need. */
export const lockFiles: Cataloguer = {
  matches: (path) => /(^|\/)(package-lock|npm-shrinkwrap)\.json$/.test(path) && !/(^|\/)node_modules\//.test(path),
  packages: (file) => {
    const { packages, dependencies } = objectOf(file)
    const found = isObject(packages) ? [...inPackages(packages)] : [...inDependencies(isObject(dependencies) ? dependencies : {})]
    return found.map((one) => ({ ...one, path: file.path }))
  },
}

/** Lock files of packages whose modules are there say nothing more. */
export function withoutInstalled(found: readonly FoundPackage[]): readonly FoundPackage[] {
  const installed = new Set(
    found.flatMap(({ type, path }) => (type === 'npm' ? (/^(.*?)node_modules\/.*package\.json$/.exec(path)?.[1] ?? []) : [])),
  )
  const directoryOf = (path: string): string => path.slice(0, path.lastIndexOf('/') + 1)
  return found.filter(({ path }) => !lockFiles.matches(path) || !installed.has(directoryOf(path)))
}

type Named = Omit<FoundPackage, 'path'>

/** Of versions 2 and 3: packages by where they are installed. */
function* inPackages(packages: JsonObject): Generator<Named> {
  for (const [place, entry] of Object.entries(packages)) {
    const at = place.lastIndexOf('node_modules/')
    if (at < 0 || !isObject(entry) || entry['dev'] === true || entry['link'] === true) continue
    const { version, name = place.slice(at + 'node_modules/'.length) } = entry
    if (typeof version === 'string' && typeof name === 'string') yield { ...named(name), version, license: licenseOf(entry['license']) }
  }
}

/** Of version 1: packages in those that need them. */
function* inDependencies(dependencies: JsonObject, depth = 0): Generator<Named> {
  if (depth > 100) return
  for (const [name, entry] of Object.entries(dependencies)) {
    if (!isObject(entry) || entry['dev'] === true) continue
    if (typeof entry['version'] === 'string') yield { ...named(name), version: entry['version'] }
    if (isObject(entry['dependencies'])) yield* inDependencies(entry['dependencies'], depth + 1)
  }
}

function named(name: string): Pick<FoundPackage, 'type' | 'name' | 'namespace'> {
  const [, namespace, own] = /^(@[^/]+)\/(.+)$/.exec(name) ?? []
  return namespace === undefined || own === undefined ? { type: 'npm', name } : { type: 'npm', namespace, name: own }
}

/** A text, or as long ago an object. */
function licenseOf(license: unknown): string | undefined {
  if (typeof license === 'string') return license
  return isObject(license) && typeof license['type'] === 'string' ? license['type'] : undefined
}

function objectOf(file: ScannedFile): JsonObject {
  try {
    const value: unknown = JSON.parse(
      file
        .read()
        .toString('utf8')
        .replace(/^\uFEFF/, ''),
    )
    return isObject(value) ? value : {}
  } catch {
    // Packages bring broken files for their own tests.
    return {}
  }
}
