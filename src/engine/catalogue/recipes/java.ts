import { defaultPath } from '#base/default-path.ts'
import type { Recipe, Variant } from '../recipe.ts'

interface Java {
  readonly tags: readonly string[]
  readonly answers: RegExp
  readonly kind: 'jdk' | 'jre'
  /** JAVA_HOME as the image of this name has it; it depends on the tag. */
  home(tag: string): string
  readonly env: readonly string[]
}

function java({ tags, answers, kind, home, env }: Java): Variant {
  const name = `openjdk-17-${kind}-headless`
  return {
    tags,
    answers,
    parts: [
      { kind: 'base', suite: 'bookworm' },
      { kind: 'dockerfile', suite: 'bookworm', folders: ['java'], args: { PACKAGE: name } },
    ],
    versionOf: name,
    config: ({ tag, version }) => ({
      Env: [`PATH=${home(tag)}/bin:${defaultPath}`, `JAVA_HOME=${home(tag)}`, ...env, `JAVA_VERSION=${version}`],
      ...(kind === 'jdk' && { Cmd: ['jshell'] }),
    }),
    differs: ({ tag, version }) =>
      `OpenJDK ${version} of Debian 12${tag.includes('alpine') ? ', with glibc, bash and apt instead of musl, ash and apk' : ''}, without its graphical part`,
  }
}

function openjdkHome(tag: string): string {
  if (tag.includes('alpine')) return '/opt/openjdk-17'
  return /slim|buster|bullseye|bookworm/.test(tag) ? '/usr/local/openjdk-17' : '/usr/java/openjdk-17'
}

const systems = '(slim|alpine[\\d.]*|buster|bullseye|bookworm|oracle|oraclelinux\\d)'

export const openjdk: Recipe = {
  repository: 'openjdk',
  variants: [
    java({
      tags: ['17-jre', '17-jre-slim', '17-jre-alpine'],
      answers: new RegExp(`^17(\\.\\d+){0,2}-jre(-${systems})*$`),
      kind: 'jre',
      home: openjdkHome,
      env: ['LANG=C.UTF-8'],
    }),
    java({
      tags: ['17', '17-jdk', '17-slim', '17-alpine', '17-jdk-slim', '17-jdk-alpine', '17-bullseye', '17-oracle', '17.x.y'],
      answers: new RegExp(`^17(\\.\\d+){0,2}(-ea(-\\d+)?)?(-jdk)?(-${systems})*$`),
      kind: 'jdk',
      home: openjdkHome,
      env: ['LANG=C.UTF-8'],
    }),
  ],
}

const temurinSystems = '(-(alpine|focal|jammy|noble|centos7|ubi\\d+-minimal|alpine-[\\d.]+))?'
const temurin = { home: () => '/opt/java/openjdk', env: ['LANG=C.UTF-8', 'LC_ALL=C.UTF-8'] } as const

export const eclipseTemurin: Recipe = {
  repository: 'eclipse-temurin',
  variants: [
    java({
      ...temurin,
      tags: ['17-jre', '17-jre-alpine', '17-jre-jammy'],
      answers: new RegExp(`^17(\\.[\\d.]+_\\d+)?-jre${temurinSystems}$`),
      kind: 'jre',
    }),
    java({
      ...temurin,
      tags: ['17', '17-jdk', '17-alpine', '17-jdk-alpine', '17-jdk-jammy'],
      answers: new RegExp(`^17(\\.[\\d.]+_\\d+)?(-jdk)?${temurinSystems}$`),
      kind: 'jdk',
    }),
  ],
}
