import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Outcome } from './instance.ts'
import { instanceWithBox } from './instance-with-box.ts'
import { usePlugins } from './plugins.ts'
import { Projects } from './projects.ts'

/** What the end of a failed build says of a command that did not start, whoever the client is. */
const instance = instanceWithBox()
const { directory, run } = new Projects(instance)
const buildx = await usePlugins(instance, 'docker-buildx')

const files = {
  Dockerfile: `FROM box
COPY mvnw /src/
WORKDIR /src
ARG COMMAND
RUN eval "$COMMAND"
`,
  mvnw: '#!/bin/sh\r\necho built\r\n',
}

const cases = [
  {
    command: 'chmod +x mvnw; ./mvnw',
    said: /galley: \.\/mvnw: The file was saved with the line endings of Windows[^\n]*\n[^]*galley: more: galley explain script-line-endings/,
  },
  { command: 'chmod -x mvnw; ./mvnw', said: /galley: \.\/mvnw is there, but its execute bit is not set[^\n]*\n[^]*RUN chmod \+x \.\/mvnw/ },
  { command: './gradlew', said: /galley: The command calls \.\/gradlew, which the image that is being built does not have there/ },
  {
    command: 'make all',
    said: /galley: The command calls make, which the image[^\n]*\n[^]*Install it in an earlier RUN[^\n]*\n[^]*galley explain program-not-found/,
  },
] as const

async function everyClient(home: string, command: string): Promise<Outcome[]> {
  const option = ['--build-arg', `COMMAND=${command}`]
  return [
    await instance.docker('build', ...option, home),
    await run(home, 'build', '--progress', 'plain', ...option, home),
    ...(buildx ? [await instance.docker('buildx', 'build', '--progress=plain', ...option, home)] : []),
  ]
}

for (const { command, said } of cases)
  test(`${command}: docker build, buildx and galley build show why it did not start`, async (context) => {
    if (!buildx) context.diagnostic('without buildx: no suite that has it can be reached')
    for (const { code, out, err } of await everyClient(directory('built', files), command)) {
      assert.notEqual(code, 0)
      assert.match((out + err).replaceAll(/^#\d+ [\d.]+ /gm, ''), said)
    }
  })

test('nothing is said of a command that failed by itself, nor of one that succeeds', async () => {
  const home = directory('plain', files)
  for (const { out, err } of await everyClient(home, 'echo lunch: not found; exit 1')) assert.doesNotMatch(out + err, /galley: (The|more)/)
  assert.doesNotMatch((await instance.docker('build', '--build-arg', 'COMMAND=echo not found', home)).out, /galley:/)
})
