/** A regular file of what is scanned. */
export interface ScannedFile {
  /** Without a slash in front. */
  readonly path: string
  /** Bytes. */
  readonly size: number
  /** Some of its bytes, or all; fewer where it ends. */
  read(start?: number, length?: number): Buffer
}

export type PackageType = 'deb' | 'apk' | 'rpm' | 'npm' | 'pypi' | 'maven' | 'golang' | 'cargo'

/** A package that was found, as its own records call it. */
export interface FoundPackage {
  readonly type: PackageType
  /** Such as a scope of npm or a group of Maven. */
  readonly namespace?: string
  readonly name: string
  readonly version: string
  /** Of RPM: what counts before the version. */
  readonly epoch?: string | undefined
  /** As the package says it, in whatever form. */
  readonly license?: string | undefined
  readonly architecture?: string | undefined
  /** The source package that it was built from, where that has another name. */
  readonly source?: string | undefined
  readonly maintainer?: string | undefined
  /** The file that says so; in an archive, the archive's. */
  readonly path: string
}

/** What the distribution calls itself (os-release(5)). */
export interface System {
  /** Such as `debian`; lower case. */
  readonly id: string
  readonly version: string
  readonly name: string
}

export interface Scan {
  readonly packages: readonly FoundPackage[]
  readonly system: System | undefined
  /** What should have been looked into and wasn't, with why. */
  readonly leftOut: readonly string[]
}

/** Finds packages of one kind. */
export interface Cataloguer {
  /** By the path: whether a file is of interest. */
  matches(path: string): boolean
  /** What it tells of; none for a file of another form. */
  packages(file: ScannedFile): readonly FoundPackage[] | Promise<readonly FoundPackage[]>
  /** Largest file that is read, in bytes, where that is not the usual one. */
  readonly largest?: number
}
