import { connects, healthCheck } from './health-check.ts'
import { javaPort, jdkFor } from './java.ts'
import { expose, ignoring, lines, ownUser, type Folder, type Proposal } from './proposal.ts'

/** A project of one module whose jar can be run: by Spring Boot or Quarkus, or because it names a main class. */
export function maven(folder: Folder): Proposal | undefined {
  const pom = folder.read('pom.xml')?.replace(/<!--[^]*?-->/g, '')
  if (pom === undefined || /<modules>|<packaging>\s*(?:war|pom|ear)\s*</.test(pom)) return undefined
  if (!/spring-boot-maven-plugin|<mainClass>/i.test(pom)) return undefined
  const asked = /<(?:java\.version|maven\.compiler\.(?:release|source)|release)>\s*([\d.]+)\s*</.exec(pom)?.[1]
  const jdk = jdkFor(asked)
  const port = javaPort(folder, pom)
  return {
    what: 'a Maven project (pom.xml)',
    dockerfile: lines(
      '# The first stage builds; nothing of it but the jar gets into the image.',
      `FROM maven:3-eclipse-temurin-${jdk} AS build`,
      'WORKDIR /src',
      'COPY . .',
      '# Downloads are kept between builds. The largest jar is the one that holds its dependencies.',
      'RUN --mount=type=cache,target=/root/.m2 mvn -B -DskipTests package && cp "$(ls -S target/*.jar | head -n 1)" /app.jar',
      '',
      `FROM eclipse-temurin:${jdk}-jre`,
      'WORKDIR /app',
      ...ownUser,
      'COPY --from=build /app.jar ./',
      'USER app',
      expose(port),
      healthCheck(port, connects.bash),
      'CMD ["java", "-jar", "app.jar"]',
    ),
    dockerignore: ignoring('target'),
  }
}
