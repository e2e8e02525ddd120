/** The parts of a package URL (purl-spec), not encoded. */
export interface PackageUrl {
  /** Such as `deb`, `npm` or `docker`. */
  readonly type: string
  /** Parts between slashes; none by default. */
  readonly namespace?: readonly string[]
  readonly name: string
  readonly version?: string
  readonly qualifiers?: Readonly<Record<string, string | undefined>>
}

/** `pkg:deb/debian/bash@5.2-1?arch=amd64`: qualifiers in the order of their names, those without a value left out. */
export function formatPackageUrl({ type, namespace = [], name, version = '', qualifiers = {} }: PackageUrl): string {
  const path = [type, ...namespace, name].map(encoded).join('/')
  const pairs = Object.entries(qualifiers)
    .flatMap(([key, value]) => (value === undefined || value === '' ? [] : `${key}=${encoded(value)}`))
    .toSorted()
  return `pkg:${path}${version === '' ? '' : `@${encoded(version)}`}${pairs.length === 0 ? '' : `?${pairs.join('&')}`}`
}

/** Colons stay, as the specification has it. */
function encoded(text: string): string {
  return encodeURIComponent(text).replaceAll('%3A', ':')
}
