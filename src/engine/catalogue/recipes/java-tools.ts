import { defaultPath } from '#base/default-path.ts'
import type { Recipe, Variant } from '../recipe.ts'
import { insteadOfAlpine, partsOn } from './flavours.ts'
import { jdks, javaStep, type Jdk } from './java.ts'

const home = '/opt/java/openjdk'
const environment = [`PATH=${home}/bin:${defaultPath}`, `JAVA_HOME=${home}`]
/** Of whom the tags of maven say that their JDK is. */
const vendors = 'eclipse-temurin|openjdk|jdk|amazoncorretto|sapmachine|ibmjava|ibm-semeru'
/** The JDK of tags that name none. */
const usual = 21

function mavenOn({ major, suite }: Jdk, alpine: boolean): Variant {
  const named = `-(?:${vendors})-${major}`
  const systems = alpine ? '-alpine' : '(?:-(?:slim|focal|jammy|noble|debian))*'
  const ends = alpine ? ['-alpine'] : ['']
  const shown = ['3', '3.x'].flatMap((version) => ends.map((end) => `${version}-eclipse-temurin-${major}${end}`))
  return {
    tags: major === usual && !alpine ? ['latest', '3', '3.x', ...shown] : shown,
    answers: new RegExp(`^(?:3(?:\\.\\d+){0,2}${named}${major === usual && !alpine ? '|3(?:\\.\\d+){0,2}|latest' : ''})${systems}$`),
    parts: partsOn(suite, [javaStep(major, 'jdk'), ['maven'], ...(alpine ? [['alpine'] as const] : [])]),
    versionOf: 'maven',
    config: () => ({ Env: environment }),
    differs: ({ tag, version }) =>
      [`Maven ${version} with OpenJDK ${major} of Debian ${suite} in the name of ${tag}`, ...(alpine ? [insteadOfAlpine] : [])].join(', '),
  }
}

export const maven: Recipe = { repository: 'maven', variants: jdks.flatMap((jdk) => [mavenOn(jdk, false), mavenOn(jdk, true)]) }

/** Debian stayed with the last version before Gradle needed Kotlin to be built; later ones are another program in too many ways. */
export const gradle: Recipe = {
  repository: 'gradle',
  variants: [
    {
      tags: ['4', '4.x', '4-jdk17'],
      answers: /^4(\.\d+){0,2}(-jdk17)?(-(jammy|focal))?$/,
      parts: partsOn('bookworm', [javaStep(17, 'jdk'), ['gradle']]),
      versionOf: 'gradle',
      config: ({ version }) => ({ Env: [...environment, `GRADLE_VERSION=${version}`] }),
      differs: ({ tag, version }) => `Gradle ${version} with OpenJDK 17 of Debian bookworm in the name of ${tag}`,
    },
  ],
}
