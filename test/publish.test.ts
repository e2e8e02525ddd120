import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs'
import { after, before, test, type TestContext } from 'node:test'
import { freePorts } from './free-ports.ts'
import { Instance, type Outcome } from './instance.ts'
import { newerPlugin } from './newer-clients.ts'
import { galley, Projects } from './projects.ts'

/** Projects under one name in a registry or a repository: published by one server, run by another, as docker compose does it. */
const instance = new Instance()
const other = new Instance()
const port = await freePorts()
const host = `127.0.0.1:${port}`
const { directory, run } = new Projects(instance)
const elsewhere = new Projects(other)

before(async () => {
  await Promise.all([instance.start(), other.start()])
  await instance.importBox()
  const keys = `${instance.home}/tls`
  mkdirSync(keys)
  const names = ['-subj', '/CN=galley', '-addext', 'subjectAltName=IP:127.0.0.1']
  const files = ['-keyout', `${keys}/key.pem`, '-out', `${keys}/cert.pem`]
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', ...names, ...files], { stdio: 'ignore' })
  const tls = ['--tlscert', `${keys}/cert.pem`, '--tlskey', `${keys}/key.pem`]
  const { code, err } = await instance.galley('registry', 'start', '--listen', host, '--anonymous', 'push', ...tls)
  assert.equal(code, 0, err)
  await instance.ok('tag', 'box', `${host}/team/box:1`)
  await instance.ok('push', `${host}/team/box:1`)
})
after(async () => {
  await instance.stop()
  await other.stop()
})

const project = {
  'compose.yaml': `services:
  web:
    image: ${host}/team/box:1
    command: sh -c "echo $\${WORD} > /said; exec sleep 1000"
    stop_grace_period: 0s
    env_file:
      - web.env
    extends:
      file: base.yaml
      service: base
`,
  'base.yaml': 'services: {base: {labels: {from: base}}}\n',
  'web.env': 'WORD=published\n',
}

/** docker compose behind its own plugin, which trusts the registry's certificate. */
const compose = (program: string, cwd: string, ...args: string[]): Promise<Outcome> =>
  instance.command(program, args, { cwd, env: { SSL_CERT_FILE: `${instance.home}/tls/cert.pem` } })

async function manifest(
  name: string,
  tag: string,
): Promise<{ layers: { mediaType: string; annotations: Record<string, string> }[] } & Record<string, unknown>> {
  const { out } = await instance.command('curl', [
    '-sk',
    '-H',
    'Accept: application/vnd.oci.image.manifest.v1+json',
    `https://${host}/v2/${name}/manifests/${tag}`,
  ])
  return JSON.parse(out) as Awaited<ReturnType<typeof manifest>>
}

test('a project is published, and another server runs it by one reference', async () => {
  const home = directory('mine', project)
  const asked = await run(home, 'publish', `${host}/team/app:1`)
  assert.equal(asked.code, 2, asked.err)
  assert.match(asked.err, /service "web": env_file declared[^]*what stands above would be published\nhint: Say so with --yes/)
  const published = await run(home, 'publish', '--with-env', `${host}/team/app:1`)
  assert.equal(published.code, 0, published.err)
  const there = elsewhere.directory('theirs', {})
  const up = await elsewhere.run(there, 'up', '-f', `oci://${host}/team/app:1`)
  assert.equal(up.code, 0, up.err)
  assert.match(up.err, /A Compose file from elsewhere is used/)
  await other.until(
    async () => (await other.docker('exec', 'theirs-web-1', 'cat', '/said')).out,
    (text) => text === 'published\n',
  )
  assert.equal(await other.ok('inspect', '-f', '{{index .Config.Labels "from"}}', 'theirs-web-1'), 'base')
  assert.match((await elsewhere.run(there, 'ps', '-f', `oci://${host}/team/app:1`)).out, /theirs-web-1/)
  assert.equal((await elsewhere.run(there, 'down', '-f', `oci://${host}/team/app:1`)).code, 0)
})

test('the artifact is docker compose’s: its types, its names, and OCI 1.0 on wish', async () => {
  const home = directory('types', project)
  assert.equal((await run(home, 'publish', '-y', '--resolve-image-digests', `${host}/team/types:1`)).code, 0)
  const newer = await manifest('team/types', '1')
  assert.equal(newer['artifactType'], 'application/vnd.docker.compose.project')
  assert.deepEqual(newer['config'], {
    mediaType: 'application/vnd.oci.empty.v1+json',
    digest: `sha256:${createHash('sha256').update('{}').digest('hex')}`,
    size: 2,
    data: 'e30=',
  })
  assert.deepEqual(
    newer.layers.map(({ mediaType, annotations }) => [
      mediaType.split('.').at(-1),
      annotations['com.docker.compose.file']?.replace(/^[0-9a-f]{64}/, '#'),
    ]),
    [
      ['file+yaml', 'compose.yaml'],
      ['file+yaml', '#.yaml'],
      ['file+yaml', 'image-digests.yaml'],
    ],
  )
  assert.equal((await run(home, 'publish', '--with-env', '--oci-version', '1.0', `${host}/team/types:2`)).code, 0)
  const older = await manifest('team/types', '2')
  assert.equal(older['artifactType'], undefined)
  assert.equal((older['config'] as { mediaType: string }).mediaType, 'application/vnd.docker.compose.config.empty.v1+json')
  assert.equal((await run(home, 'config', '-q', '-f', `oci://${host}/team/types:2`)).code, 0)
})

test('docker compose runs what Galley published, and the other way round', async (t: TestContext) => {
  const program = await newerPlugin('docker-compose')
  if (program === undefined) return t.skip('docker compose 2.40 can not be had')
  const home = directory('both', project)
  assert.equal((await run(home, 'publish', '--with-env', `${host}/both/ours:1`)).code, 0)
  const theirs = await compose(program, home, 'publish', '--with-env', '-y', `${host}/both/theirs:1`)
  assert.equal(theirs.code, 0, theirs.err)
  const empty = directory('reader', {})
  const byThem = await compose(program, empty, '-f', `oci://${host}/both/ours:1`, 'config')
  assert.equal(byThem.code, 0, byThem.err)
  for (const name of ['ours', 'theirs']) {
    const byUs = await run(empty, 'config', '-f', `oci://${host}/both/${name}:1`)
    assert.equal(byUs.code, 0, byUs.err)
    assert.equal(byUs.out, byThem.out, name)
  }
})

test('projects include and extend others from registries and git repositories', async () => {
  const home = directory('parts', { 'compose.yaml': 'services:\n  part: {image: box, command: sleep 1000, stop_grace_period: 0s}\n' })
  assert.equal((await run(home, 'publish', `${host}/team/part:1`)).code, 0)
  const repository = directory('repository', {
    'deep/compose.yaml': 'services:\n  deep: {image: box, command: sleep 1000, stop_grace_period: 0s}\n',
  })
  symlinkSync('/etc/passwd', `${repository}/out.yaml`)
  const git = (...args: string[]): string =>
    execFileSync('git', ['-C', repository, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  git('init', '-q')
  git('add', '.')
  git('-c', 'user.name=a', '-c', 'user.email=a@b', 'commit', '-qm', 'all')
  const whole = directory('whole', {
    'compose.yaml': `include:
  - oci://${host}/team/part:1
  - path: "file://${repository}#HEAD:deep"
services:
  own: {extends: {file: "file://${repository}#:deep/compose.yaml", service: deep}}
`,
  })
  assert.equal((await run(whole, 'config', '--services')).out.split('\n').toSorted().join(' ').trim(), 'deep own part')
  assert.equal((await run(whole, 'up', '-d')).code, 0)
  assert.equal((await run(whole, 'down')).code, 0)
  assert.match((await run(whole, 'config', '-f', `file://${repository}#:out.yaml`)).err, /leads out of its repository/)
  assert.match((await run(whole, 'config', '-f', `file://${repository}#nosuch`)).err, /does not contain ref nosuch/)
  assert.match((await run(whole, 'config', '-f', `oci://${host}/team/box:1`)).err, /is no published Compose project/)
  const off = await instance.command(galley, ['config', '-f', `oci://${host}/team/part:1`], {
    env: { COMPOSE_EXPERIMENTAL_OCI_REMOTE: 'false' },
  })
  assert.match(off.err, /turned off by COMPOSE_EXPERIMENTAL_OCI_REMOTE/)
})

test('what a project from elsewhere takes of this machine is shown, and nothing starts without a yes', async () => {
  const home = directory('greedy', {
    'compose.yaml': `services:
  taker:
    image: box
    command: sleep 1000
    stop_grace_period: 0s
    network_mode: host
    cap_add: [NET_ADMIN]
    volumes: ["/etc:/etc2:ro", "host:/host", "./own:/own"]
    environment: [TAKEN, "OTHER=\${ALSO:-none}"]
volumes: {host: {driver_opts: {type: none, o: bind, device: /root}}}
`,
  })
  assert.equal((await run(home, 'publish', '-y', `${host}/team/greedy:1`)).code, 0)
  const there = directory('careful', {})
  const up = (...more: string[]): Promise<Outcome> =>
    instance.command(galley, ['up', '-d', '-f', `oci://${host}/team/greedy:1`, ...more], { cwd: there, env: { TAKEN: 'x', ALSO: 'y' } })
  const refused = await up()
  assert.equal(refused.code, 2, refused.err)
  const shown = ['taker: /etc', 'taker: network_mode: host', 'taker: cap_add: NET_ADMIN', 'volume careful_host: /root', '$ALSO', '$TAKEN']
  for (const line of shown) assert.ok(refused.err.includes(`\n  ${line}\n`), `${line}\n${refused.err}`)
  assert.doesNotMatch(refused.err, /\/own$/m)
  assert.equal(await instance.ok('ps', '-aq'), '')
  assert.equal((await up('--dry-run')).code, 0)
  const answered = (answer: string): Promise<Outcome> =>
    instance.command('script', ['-qec', `${galley} up -d -f oci://${host}/team/greedy:1`, '/dev/null'], {
      cwd: there,
      input: `${answer}\n`,
    })
  const no = await answered('n')
  assert.match(no.out, /Do you trust where it comes from\? \[y\/N\] [^]*nothing was started/)
  assert.equal(await instance.ok('ps', '-aq'), '')
  const yes = await answered('y')
  assert.equal(yes.code, 0, yes.out)
  assert.equal((await run(there, 'down', '-f', `oci://${host}/team/greedy:1`)).code, 0)
  const agreed = await up('--yes')
  assert.equal(agreed.code, 0, agreed.err)
  assert.match(await instance.ok('ps', '--format', '{{.Names}}'), /careful-taker-1/)
  assert.equal((await run(there, 'down', '-v', '-f', `oci://${host}/team/greedy:1`)).code, 0)
})

test('a layer whose name leads elsewhere is refused, and nothing of it is written', async () => {
  const blob = async (text: string): Promise<object> => {
    const digest = `sha256:${createHash('sha256').update(text).digest('hex')}`
    const { out } = await instance.command('curl', [
      '-sk',
      '-X',
      'POST',
      '-o',
      '/dev/null',
      '-w',
      '%header{location}',
      `https://${host}/v2/team/evil/blobs/uploads/`,
    ])
    const location = new URL(out, `https://${host}`)
    location.searchParams.set('digest', digest)
    await instance.command('curl', [
      '-sk',
      '-X',
      'PUT',
      '--data-binary',
      text,
      '-H',
      'Content-Type: application/octet-stream',
      location.href,
    ])
    return { digest, size: text.length }
  }
  const layer = async (text: string, mediaType: string, annotations: object): Promise<object> => ({
    ...(await blob(text)),
    mediaType,
    annotations,
  })
  const types = 'application/vnd.docker.compose'
  const evil = {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    artifactType: `${types}.project`,
    config: { ...(await blob('{}')), mediaType: 'application/vnd.oci.empty.v1+json' },
    layers: [
      await layer('services: {a: {image: box}}\n', `${types}.file+yaml`, { 'com.docker.compose.file': 'compose.yaml' }),
      await layer('evil\n', `${types}.envfile`, { 'com.docker.compose.envfile': '../../../../../../evil' }),
    ],
  }
  const put = ['-sk', '-X', 'PUT', '-w', '%{http_code}', '-H', `Content-Type: ${evil.mediaType}`, '--data-binary', JSON.stringify(evil)]
  assert.equal((await instance.command('curl', [...put, `https://${host}/v2/team/evil/manifests/1`])).out, '201')
  const before = readdirSync(`${instance.home}/.cache/galley/projects`)
  const { code, err } = await run(directory('victim', {}), 'config', '-f', `oci://${host}/team/evil:1`)
  assert.equal(code, 2, err)
  assert.match(err, /invalid published project: a file in it is called "\.\.\/\.\./)
  assert.deepEqual(readdirSync(`${instance.home}/.cache/galley/projects`), before)
  assert.ok(!existsSync(`${instance.home}/evil`))
})

test('a fetched file that a container changed, or made a link, is not read again', async () => {
  const home = directory('trusting', {
    'compose.yaml': 'services:\n  a: {image: box, command: sleep 1000, volumes: [".:/here"], stop_grace_period: 0s}\n',
  })
  assert.equal((await run(home, 'publish', '-y', `${host}/team/swapped:1`)).code, 0)
  const up = (): Promise<Outcome> => run(home, 'up', '-d', '-f', `oci://${host}/team/swapped:1`)
  assert.equal((await up()).code, 0)
  await instance.ok('exec', 'trusting-a-1', 'sh', '-c', 'rm /here/compose.yaml; ln -s /etc/shadow /here/compose.yaml')
  const again = await up()
  assert.equal(again.code, 5, again.err)
  assert.match(again.err, /compose\.yaml was changed since it was fetched\nhint: Remove \//)
  assert.doesNotMatch(again.err, /root:/)
  assert.equal((await run(home, 'down', '-p', 'trusting')).code, 0)
})

test('what cannot be run elsewhere is not published', async () => {
  const built = directory('nameless', { 'compose.yaml': 'services: {a: {build: .}}\n', Dockerfile: 'FROM box\n' })
  assert.match((await run(built, 'publish', `${host}/team/none:1`)).err, /services without the name of an image cannot be published: a/)
  const including = directory('including', { 'compose.yaml': 'include: [o.yaml]\n', 'o.yaml': 'services: {a: {image: box}}\n' })
  assert.match((await run(including, 'publish', `${host}/team/none:1`)).err, /cannot publish compose file with local includes/)
  assert.match((await run(including, 'publish', '--app', `${host}/team/none:1`)).err, /--app is not implemented/)
  assert.equal(readFileSync(`${including}/compose.yaml`, 'utf8'), 'include: [o.yaml]\n')
})
