import { defaultPath } from '#base/default-path.ts'
import type { Recipe, Suite, Variant } from '../recipe.ts'
import { insteadOfAlpine, partsOn, type Step } from './flavours.ts'

/** A version that Debian has, and where. */
export interface Jdk {
  readonly major: number
  readonly suite: Suite
}

export const jdks: readonly Jdk[] = [
  { major: 8, suite: 'sid' },
  { major: 11, suite: 'sid' },
  { major: 17, suite: 'bookworm' },
  { major: 21, suite: 'trixie' },
  { major: 25, suite: 'trixie' },
]

type Kind = 'jdk' | 'jre'

/** How an image calls its tags and where it has its Java. */
interface Naming {
  readonly repository: string
  /** `17`, `17.0.8_7`, `8u412-b08` for a major version, as a regular expression. */
  versions(major: number): string
  readonly systems: string
  readonly shown: readonly string[]
  /** Answers without a version, too. */
  readonly newest: number
  home(tag: string, major: number): string
  readonly env: readonly string[]
}

/** The Dockerfile of a JDK or a JRE. */
export function javaStep(major: number, kind: Kind): Step {
  return ['java', { PACKAGE: `openjdk-${major}-${kind}-headless` }]
}

function variant(naming: Naming, { major, suite }: Jdk, { kind, alpine }: { readonly kind: Kind; readonly alpine: boolean }): Variant {
  const { home, env } = naming
  const name = `openjdk-${major}-${kind}-headless`
  return {
    tags: shownOf(naming, major, kind).filter((tag) => tag.includes('alpine') === alpine),
    answers: answersOf(naming, major, { kind, alpine }),
    parts: partsOn(suite, [javaStep(major, kind), ...(alpine ? [['alpine'] as const] : [])]),
    versionOf: name,
    config: ({ tag, version }) => ({
      Env: [`PATH=${home(tag, major)}/bin:${defaultPath}`, `JAVA_HOME=${home(tag, major)}`, ...env, `JAVA_VERSION=${version}`],
      ...(kind === 'jdk' && { Cmd: [major > 8 ? 'jshell' : 'bash'] }),
    }),
    differs: ({ version }) =>
      [`OpenJDK ${version} of Debian ${suite}`, ...(alpine ? [insteadOfAlpine] : []), 'without its graphical part'].join(', '),
  }
}

function answersOf({ versions, systems, newest }: Naming, major: number, { kind, alpine }: { kind: Kind; alpine: boolean }): RegExp {
  const version = `(?:${versions(major)}${major === newest ? '|latest' : ''})`
  const word = kind === 'jre' ? '-jre' : '(?:-jdk)?'
  const tail = alpine ? `(?:-(?:slim|alpine[\\d.]*|alpine-[\\d.]+))+` : `(?:-(?:${systems}))*`
  return new RegExp(`^${version}${word}${tail}$`)
}

function shownOf({ shown, newest }: Naming, major: number, kind: Kind): readonly string[] {
  const words = kind === 'jre' ? ['-jre'] : ['', '-jdk']
  const tags = words.flatMap((word) => shown.map((end) => `${major}${word}${end}`))
  return kind === 'jdk' && major === newest ? ['latest', ...tags] : tags
}

function recipe(naming: Naming): Recipe {
  const kinds = ['jre', 'jdk'] as const
  const variants = jdks.flatMap((jdk) => kinds.flatMap((kind) => [false, true].map((alpine) => variant(naming, jdk, { kind, alpine }))))
  return { repository: naming.repository, variants }
}

export const openjdk: Recipe = recipe({
  repository: 'openjdk',
  versions: (major) => `${major}(?:\\.\\d+){0,2}(?:u\\d+)?(?:-ea(?:-\\d+)?)?`,
  systems: 'slim|stretch|buster|bullseye|bookworm|oracle|oraclelinux\\d',
  shown: ['', '-slim', '-alpine', '-bullseye'],
  newest: 21,
  home: (tag, major) => {
    if (tag.includes('alpine')) return `/opt/openjdk-${major}`
    return /slim|stretch|buster|bullseye|bookworm/.test(tag) ? `/usr/local/openjdk-${major}` : `/usr/java/openjdk-${major}`
  },
  env: ['LANG=C.UTF-8'],
})

export const eclipseTemurin: Recipe = recipe({
  repository: 'eclipse-temurin',
  versions: (major) => `${major}(?:\\.[\\d.]+_\\d+|u\\d+-b\\d+)?`,
  systems: 'focal|jammy|noble|centos7|ubi\\d+-minimal',
  shown: ['', '-alpine', '-jammy'],
  newest: 25,
  home: () => '/opt/java/openjdk',
  env: ['LANG=C.UTF-8', 'LC_ALL=C.UTF-8'],
})
