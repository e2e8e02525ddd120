import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BuildContexts } from './build-contexts.ts'
import { freePorts } from './free-ports.ts'
import type { Outcome } from './instance.ts'
import { instanceWithBox } from './instance-with-box.ts'
import { Layout, type LayoutDocument } from './layouts.ts'
import { newerPlugin } from './newer-clients.ts'
import { usePlugins } from './plugins.ts'

/** Projects that docker compose 2.40 builds: through buildx, with several targets that share one session. */
const instance = instanceWithBox()
const contexts = new BuildContexts(instance)
const available = await usePlugins(instance, 'docker-compose', 'docker-buildx')
const skip = available ? false : 'no suite that has docker compose and buildx can be reached'

const files = {
  'app/a.txt': 'first\n',
  'app/Dockerfile': `FROM box AS tools
RUN echo tool >/tool
FROM box
ARG WORD
COPY a.txt /
COPY --from=tools /tool /
RUN --mount=type=secret,id=token echo $WORD $(wc -c </run/secrets/token) >/word
`,
  'compose.yaml': `services:
  app:
    build:
      context: app
      args: {WORD: hello}
      secrets: [token]
      labels: {made.by: test}
    command: sleep 1000
  tools:
    build: {context: app, target: tools}
    command: sleep 1000
  derived:
    build:
      context: .
      additional_contexts: {basis: "service:app"}
      dockerfile_inline: |
        FROM basis
        RUN cat /a.txt /tool /word >/all
    command: sleep 1000
secrets:
  token: {environment: TOKEN}
`,
}

test('a project has provenance and SBOMs made: docker compose with a push, galley also for the store', { skip }, async () => {
  const host = `localhost:${await freePorts()}`
  const started = await instance.galley('registry', 'start', '--listen', host.replace('localhost', '127.0.0.1'), '--anonymous', 'push')
  assert.equal(started.code, 0, started.err)
  const directory = contexts.directory({
    'compose.yaml': `services:
  said:
    image: ${host}/said
    build:
      context: .
      provenance: mode=min
      sbom: true
      dockerfile_inline: |
        FROM box
        RUN echo said >/said
`,
  })
  const types = async (index: LayoutDocument, read: (digest: string) => Promise<LayoutDocument>): Promise<unknown> => {
    const { layers = [] } = await read(index.manifests?.[1]?.digest ?? '')
    return layers.map(({ annotations }) => annotations?.['in-toto.io/predicate-type'])
  }
  const both = ['https://spdx.dev/Document', 'https://slsa.dev/provenance/v1']
  const pushed = await instance.command('docker', ['compose', 'build', '--push'], { cwd: directory })
  assert.equal(pushed.code, 0, pushed.err)
  const raw = async (what: string): Promise<LayoutDocument> =>
    JSON.parse(await instance.ok('buildx', 'imagetools', 'inspect', '--raw', what)) as LayoutDocument
  assert.deepEqual(await types(await raw(`${host}/said`), (digest) => raw(`${host}/said@${digest}`)), both)
  const [image, attestations] = (await raw(`${host}/said`)).manifests ?? []
  const referrers = await fetch(`http://${host}/v2/said/referrers/${image?.digest}`)
  assert.deepEqual(
    ((await referrers.json()) as LayoutDocument).manifests?.map(({ digest }) => digest),
    [attestations?.digest],
    'the registry lists them as referrers',
  )
  await instance.docker('rmi', `${host}/said`)
  const built = await instance.galley('build', '-f', `${directory}/compose.yaml`)
  assert.equal(built.code, 0, built.err)
  const tar = `${instance.home}/said.tar`
  await instance.ok('save', '-o', tar, `${host}/said`)
  const layout = await Layout.of(instance, tar)
  assert.deepEqual(await types(layout.json(layout.top), (digest) => Promise.resolve(layout.json({ digest }))), both)
})

test('docker compose build and up --build make the images of a project', { skip }, async () => {
  const directory = contexts.directory(files)
  const compose = async (...args: string[]): Promise<Outcome> => {
    const outcome = await instance.command('docker', ['compose', '-p', 'built', ...args], { cwd: directory, env: { TOKEN: 'secret' } })
    assert.equal(outcome.code, 0, `${args.join(' ')}\n${outcome.out}${outcome.err}`)
    return outcome
  }
  const ids = (): Promise<string> => instance.ok('inspect', '-f', '{{.Id}}', 'built-app', 'built-tools', 'built-derived')
  await compose('build')
  assert.equal(await instance.ok('inspect', '-f', '{{index .Config.Labels "made.by"}}', 'built-app'), 'test')
  const first = await ids()
  const layers = (): Promise<string> => instance.ok('inspect', '-f', '{{.RootFS.Layers}}', 'built-app', 'built-tools', 'built-derived')
  const made = await layers()
  const { code, err } = await instance.command('./galley', ['build', '-p', 'built', directory], { env: { TOKEN: 'secret' } })
  assert.equal(code, 0, err)
  assert.equal(await layers(), made, 'galley build finds the steps that were done through buildx')
  await compose('up', '-d', '--build')
  assert.equal(await ids(), first)
  assert.equal((await compose('exec', '-T', 'derived', 'cat', '/all')).out, 'first\ntool\nhello 6\n')
  assert.equal((await compose('exec', '-T', 'tools', 'ls', '/tool')).out, '/tool\n')
  await compose('down', '-t', '0', '--rmi', 'all')
  assert.equal(await instance.ok('images', '-q', 'built-*'), '')
})

test('docker compose builds by itself where there is no buildx', async (t) => {
  const program = await newerPlugin('docker-compose')
  if (program === undefined) return t.skip('no suite that has docker-compose can be reached')
  const directory = contexts.directory({
    Dockerfile: 'FROM box\nRUN echo alone >/word\n',
    'compose.yaml': 'services: {alone: {build: ., image: built-alone}}\n',
  })
  const built = await instance.command(program, ['build'], { cwd: directory, env: { DOCKER_CONFIG: directory } })
  assert.equal(built.code, 0, built.err)
  assert.match(built.err, /buildx isn't installed/)
  assert.equal(await instance.ok('run', '--rm', 'built-alone', 'cat', '/word'), 'alone')
})
