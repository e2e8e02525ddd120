import { connects, healthCheck } from './health-check.ts'
import { javaPort, jdkFor } from './java.ts'
import { expose, ignoring, lines, ownUser, type Folder, type Proposal } from './proposal.ts'

interface Module {
  /** Of the module, with a slash at its end; empty for the project itself. */
  readonly directory: string
  readonly build: string
}

/** A project that can be run: by Spring Boot, or by the plugin `application`; its first such module when it has several. */
export function gradle(folder: Folder): Proposal | undefined {
  const settings = textOf(folder, 'settings.gradle') ?? ''
  const module = ['', ...includedIn(settings)]
    .flatMap((directory): Module[] => {
      const build = textOf(folder, `${directory}build.gradle`)
      return build === undefined ? [] : [{ directory, build }]
    })
    .find(({ build }) => isBoot(build) || isApplication(build))
  if (module === undefined) return undefined
  const { directory, build } = module
  const asked = /(?:JavaLanguageVersion\.of|jvmToolchain)\(\s*(\d+)|sourceCompatibility\s*=\s*\D*([\d.]+)/.exec(build)
  const jdk = jdkFor(asked?.[1] ?? asked?.[2]?.replace('_', '.'))
  const hasWrapper = folder.names.includes('gradlew')
  const made = isBoot(build) ? bootJar(directory) : installed(directory, nameIn(settings, directory))
  const port = javaPort(folder, build, directory)
  return {
    what: `a Gradle project (${directory}build.gradle)`,
    dockerfile: lines(
      '# The first stage builds; nothing of it but the result gets into the image.',
      hasWrapper ? undefined : '# A project with its own gradlew is built by the Gradle that it asks for.',
      `FROM ${hasWrapper ? `eclipse-temurin:${jdk}` : imageFor(jdk)} AS build`,
      'WORKDIR /src',
      'COPY . .',
      '# Downloads are kept between builds.',
      `RUN --mount=type=cache,target=/cache ${hasWrapper ? 'sh ./gradlew' : 'gradle'} -g /cache --no-daemon ${made.task}`,
      '',
      `FROM eclipse-temurin:${jdk}-jre`,
      'WORKDIR /app',
      ...ownUser,
      `COPY --from=build ${made.from} ./`,
      'USER app',
      expose(port),
      healthCheck(port, connects.bash),
      `CMD ${JSON.stringify(made.command)}`,
    ),
    dockerignore: ignoring('.gradle', 'build', '**/build'),
  }
}

/** Gradle runs on Java 25 from its version 9.1 on only. */
function imageFor(jdk: number): string {
  return `gradle:${jdk >= 25 ? 9 : 8}-jdk${jdk}`
}

function textOf(folder: Folder, name: string): string | undefined {
  return (folder.read(name) ?? folder.read(`${name}.kts`))?.replace(/\/\*[^]*?\*\/|^\s*\/\/.*$/gm, '')
}

function isBoot(build: string): boolean {
  return build.includes('org.springframework.boot')
}

function isApplication(build: string): boolean {
  return /^\s*application\s*$|id\s*\(?\s*['"]application['"]|plugin:\s*['"]application['"]/m.test(build)
}

/** The directories of `include 'app', 'shared:model'`. */
function includedIn(settings: string): string[] {
  return [...settings.matchAll(/^\s*include\b(.*)$/gm)].flatMap(([, words = '']) =>
    [...words.matchAll(/['"]:?([\w.:-]+)['"]/g)].map(([, path = '']) => `${path.replaceAll(':', '/')}/`),
  )
}

/** What Gradle calls a module: itself by its directory, which is /src in the image, unless the settings name it. */
function nameIn(settings: string, directory: string): string {
  if (directory !== '') return directory.split('/').at(-2) ?? ''
  return /rootProject\.name\s*=\s*['"]([\w.-]+)['"]/.exec(settings)?.[1] ?? 'src'
}

interface Made {
  readonly task: string
  readonly from: string
  readonly command: readonly string[]
}

function bootJar(directory: string): Made {
  return {
    task: `${taskIn(directory, 'bootJar')} && cp ${directory}build/libs/*.jar /app.jar`,
    from: '/app.jar',
    command: ['java', '-jar', 'app.jar'],
  }
}

function installed(directory: string, name: string): Made {
  return { task: taskIn(directory, 'installDist'), from: `/src/${directory}build/install/${name}`, command: [`bin/${name}`] }
}

function taskIn(directory: string, task: string): string {
  return directory === '' ? task : `:${directory.replaceAll('/', ':')}${task}`
}
