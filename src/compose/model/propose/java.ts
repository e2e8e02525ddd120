import type { Folder } from './proposal.ts'

/** Those with long support that images of Gradle, Maven and Temurin have. */
const releases = [17, 21, 25] as const

/** The JDK for what a build file asks for (`1.8`, `11`, `21`): the first that can do it, 17 when it says nothing. */
export function jdkFor(asked: string | undefined): number {
  const wanted = Number(asked?.replace(/^1\./, '') ?? releases[0])
  return releases.find((release) => release >= wanted) ?? releases[releases.length - 1] ?? 17
}

/** A build file or a jar's index that names a web server, which listens on 8080 unless it is told otherwise. */
const webServer =
  /spring-boot-starter-web|spring-webmvc|spring-webflux|tomcat-embed|quarkus-(?:rest|resteasy)|micronaut-http-server|helidon-webserver/

/** The port that a Java program listens on, as far as its build file (or its jar) and Spring's settings tell. */
export function javaPort(folder: Folder, written: string, module = ''): string | undefined {
  const settings = ['properties', 'yaml', 'yml']
    .map((ending) => folder.read(`${module}src/main/resources/application.${ending}`) ?? '')
    .join('\n')
  const own =
    /^\s*server\.port\s*[=:]\s*(\d{2,5})/m.exec(settings)?.[1] ??
    /^server:\s*\n(?:[ \t]+.*\n)*?[ \t]+port:\s*(\d{2,5})/m.exec(settings)?.[1]
  return own ?? (webServer.test(written) ? '8080' : portInSource(folder, written, module))
}

/** What the class that a build file names as its main one listens on, where that is written there as a number. */
function portInSource(folder: Folder, written: string, module: string): string | undefined {
  const main = /(?:<mainClass>|\bmainClass(?:Name)?(?:\.set\()?\s*=?\s*['"])\s*([\w.]+)/.exec(written)?.[1]
  if (main === undefined) return undefined
  const source = folder.read(`${module}src/main/java/${main.replaceAll('.', '/')}.java`) ?? ''
  return /\b(?:InetSocketAddress|ServerSocket)\(\s*(\d{2,5})\b|\bport\s*=\s*(\d{2,5})\b/i.exec(source)?.slice(1).find(Boolean)
}
