import { connects, healthCheck } from './health-check.ts'
import { javaPort, jdkFor } from './java.ts'
import { expose, lines, ownUser, type Proposal, type Folder } from './proposal.ts'

/** Jars that builds make beside the one that runs. */
const beside = /^original-|-(?:sources|javadoc|plain|tests)\.jar$/

/** A program that was built already: one jar. Of several, which one runs can't be told. */
export function jar(folder: Folder): Proposal | undefined {
  const [name, ...others] = folder.names.filter((one) => one.endsWith('.jar') && !beside.test(one))
  if (name === undefined || others.length > 0) return undefined
  const port = javaPort(folder, folder.read(name) ?? '')
  return {
    what: `a jar (${name})`,
    dockerfile: lines(
      '# A Java runtime. A jar that was built for a newer Java needs a higher number.',
      `FROM eclipse-temurin:${jdkFor(undefined)}-jre`,
      'WORKDIR /app',
      ...ownUser,
      `COPY ${JSON.stringify([name, 'app.jar'])}`,
      'USER app',
      expose(port),
      healthCheck(port, connects.bash),
      '# As a list, so that the program itself is told when it is to stop.',
      'CMD ["java", "-jar", "app.jar"]',
    ),
    // Nothing else of the directory gets to the builder.
    dockerignore: lines('# Only the jar is needed.', '*', `!${name}`),
  }
}
