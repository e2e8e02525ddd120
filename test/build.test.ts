import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { after, before, test } from 'node:test'
import { Instance, type Outcome } from './instance.ts'

const instance = new Instance()

before(async () => {
  await instance.start()
  await instance.importBox()
})

after(() => instance.stop())

let contexts = 0

/** Files of a build context, by path; an object is a file with a mode. */
type Files = Readonly<Record<string, string | { readonly text: string; readonly mode: number }>>

function contextOf(files: Files): string {
  const directory = `${instance.home}/context-${contexts++}`
  mkdirSync(directory)
  for (const [path, file] of Object.entries(files)) {
    mkdirSync(dirname(`${directory}/${path}`), { recursive: true })
    const { text, mode } = typeof file === 'string' ? { text: file, mode: 0o644 } : file
    writeFileSync(`${directory}/${path}`, text, { mode })
  }
  return directory
}

/** Without the classic builder's notice of its own end. */
async function build(files: Files, ...options: string[]): Promise<Outcome> {
  const outcome = await instance.docker('build', ...options, contextOf(files))
  return { ...outcome, err: outcome.err.replace(/^DEPRECATED:[\s\S]*?\/buildx\/\n\n?/, '') }
}

async function built(files: Files, ...options: string[]): Promise<string> {
  const { code, out, err } = await build(files, ...options)
  assert.equal(code, 0, err + out)
  return out
}

/** What a shell command prints in a container of the image. */
function shown(image: string, command: string, ...options: string[]): Promise<string> {
  return instance.ok('run', '--rm', ...options, image, 'sh', '-c', command)
}

test('the lecture’s Dockerfile builds, and the image runs what it says', async () => {
  const out = await built(
    {
      'app/build/libs/app-0.0.1-SNAPSHOT.jar': 'a jar\n',
      Dockerfile: `FROM box
ARG JAR_FILE=app/build/libs/app-0.0.1-SNAPSHOT.jar
COPY \${JAR_FILE} app.jar
EXPOSE 8080
ENTRYPOINT ["cat", "/app.jar"]
`,
    },
    '-t',
    'lecture',
  )
  assert.match(out, /^Step 1\/5 : FROM box$/m)
  assert.match(out, /^Successfully built [0-9a-f]{12}$/m)
  assert.match(out, /^Successfully tagged lecture:latest$/m)
  assert.equal(await instance.ok('run', '--rm', 'lecture'), 'a jar')
  assert.equal(await instance.ok('inspect', '-f', '{{json .Config.ExposedPorts}}', 'lecture'), '{"8080/tcp":{}}')
})

test('a second build of the same files runs nothing and gives the very same image', async () => {
  const files = { 'a.txt': 'a\n', Dockerfile: 'FROM box\nRUN date +%s%N >/when; echo ran\nCOPY a.txt /\nENV A=b\n' }
  const first = await built(files, '-q')
  const out = await built(files)
  assert.equal(out.match(/Using cache/g)?.length, 2)
  assert.doesNotMatch(out, /^ran$/m)
  assert.equal(await built(files, '-q'), first)
  assert.match(await built(files, '--no-cache'), /^ran$/m)
})

test('a copied file’s content decides about the cache, not its time', async () => {
  const files = (text: string): Files => ({ 'a.txt': text, Dockerfile: 'FROM box\nCOPY a.txt /\nRUN echo ran $(cat /a.txt)\n' })
  await built(files('one\n'))
  assert.equal((await built(files('one\n'))).match(/Using cache/g)?.length, 2)
  assert.match(await built(files('two\n')), /^ran two$/m)
})

test('a failing command tells its exit code and leaves no container', async () => {
  const { code, out, err } = await build({ Dockerfile: 'FROM box\nRUN echo before; exit 7\n' })
  assert.equal(code, 7)
  assert.match(out, /^before$/m)
  assert.equal(err, "The command '/bin/sh -c echo before; exit 7' returned a non-zero code: 7\n")
  assert.equal(await instance.ok('ps', '-aq'), '')
})

test('a mistake in the Dockerfile is shown where it stands, with what may have been meant', async () => {
  const { code, err } = await build({ Dockerfile: 'FROM box\n\nCOPPY a b\n' })
  assert.equal(code, 1)
  assert.match(err, /dockerfile parse error on line 3: unknown instruction: COPPY \(did you mean COPY\?\)\n 3 \| COPPY a b\n {3}\| \^{5}\n/)
})

test('stages build what the target needs, copy from each other, and leave the rest', async () => {
  const files = {
    Dockerfile: `FROM box AS base
RUN mkdir -p /out/deep && echo one >/out/deep/file && chown operator /out/deep/file
FROM box AS unneeded
RUN exit 9
FROM base AS middle
RUN echo two >>/out/deep/file
FROM box
COPY --from=middle /out /got
COPY --from=0 /out/deep/file /first
`,
  }
  await built(files, '-t', 'staged')
  assert.equal(await shown('staged', 'cat /got/deep/file /first; stat -c %U /first'), 'one\ntwo\none\noperator')
  await built(files, '-t', 'base', '--target', 'BASE')
  assert.equal(await shown('base', 'cat /out/deep/file'), 'one')
  assert.match((await build(files, '--target', 'nope')).err, /target stage "nope" could not be found/)
})

test('stages that don’t need each other build at the same time', async () => {
  // Each waits for the other through a cache that both have.
  const half = (mine: string, other: string): string =>
    `RUN --mount=type=cache,target=/meet touch /meet/${mine}; for i in $(seq 200); do [ -e /meet/${other} ] && exit 0; sleep 0.1; done; exit 1`
  await built({
    Dockerfile: `FROM box AS a\n${half('a', 'b')}\nFROM box AS b\n${half('b', 'a')}\nFROM box\nCOPY --from=a /etc/group /a\nCOPY --from=b /etc/group /b\n`,
  })
})
