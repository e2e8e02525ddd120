import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { digestOf } from '#base/digest.ts'
import { paxBytes, tarBytes, type Given } from '#content/layers/tar-fixture.ts'
import { Instance, type Outcome } from './instance.ts'

/**
 * Malicious images, archives and containers against an instance of its own: one test for each class of known
 * vulnerabilities. What an archive alone can do is tested beside `content/layers/extract.ts`.
 */
const instance = new Instance()
const { docker, ok } = instance
/** A directory of the host that nothing may read or change. */
const secret = `${instance.home}/secret`

before(async () => {
  // As loose as a caller's can be: it must open nothing.
  const umask = process.umask(0)
  await instance.start()
  process.umask(umask)
  await instance.importBox()
  mkdirSync(secret, { mode: 0o700 })
  writeFileSync(`${secret}/passwd`, 'operator:x:4242:4242::/:/bin/sh\n')
})

after(() => instance.stop())

/** The box with other members put over its own. */
async function image(name: string, members: readonly Given[], changes: readonly string[] = []): Promise<void> {
  const config = changes.flatMap((change) => ['-c', change])
  const { code, err } = await instance.command('docker', ['import', ...config, '-', `${name}-layer`], { input: tarBytes(...members) })
  assert.equal(code, 0, err)
  await load(name, ['box', `${name}-layer`], config.length === 0 ? undefined : `${name}-layer`)
}

interface Saved {
  readonly config: { config: object; rootfs: { diff_ids: string[] } }
  readonly layer: Buffer
}

async function saved(name: string): Promise<Saved> {
  const directory = `${instance.home}/saved-${name}`
  mkdirSync(directory, { recursive: true })
  await ok('save', '-o', `${directory}.tar`, name)
  await instance.command('tar', ['-C', directory, '-xf', `${directory}.tar`])
  const read = (member: string): Buffer => readFileSync(`${directory}/${member}`)
  const [entry] = JSON.parse(read('manifest.json').toString()) as [{ Config: string; Layers: string[] }]
  return { config: JSON.parse(read(entry.Config).toString()) as Saved['config'], layer: read(entry.Layers[0] ?? '') }
}

/** Loads an image of the layers of others, as Docker's own archives lay one out. */
async function load(name: string, parts: readonly string[], configOf = 'box'): Promise<void> {
  const layers = await Promise.all(parts.map(saved))
  const { config } = await saved(configOf)
  const json = JSON.stringify({ ...config, rootfs: { type: 'layers', diff_ids: layers.map(({ layer }) => digestOf(layer)) } })
  const manifest = [{ Config: 'config.json', RepoTags: [`${name}:latest`], Layers: layers.map((_, index) => `${index}/layer.tar`) }]
  const archive = tarBytes(
    ...layers.map(({ layer }, index) => ({ path: `${index}/layer.tar`, body: layer })),
    { path: 'config.json', body: json },
    { path: 'manifest.json', body: JSON.stringify(manifest) },
  )
  const { code, err } = await instance.command('docker', ['load'], { input: archive })
  assert.equal(code, 0, err)
}

function unharmed(): void {
  assert.deepEqual(readdirSync(secret), ['passwd'])
  assert.equal(readFileSync(`${secret}/passwd`, 'utf8'), 'operator:x:4242:4242::/:/bin/sh\n')
  assert.equal(statSync(secret).mode & 0o777, 0o700)
}

function assertNoSecret({ out, err }: Outcome): void {
  assert.ok(!`${out}${err}`.includes('4242'), `${out}${err}`)
  unharmed()
}

test('an image archive whose names climb reads and writes nothing of the host (CVE-2017-14992, load)', async () => {
  const climb = `${'../'.repeat(12)}${secret.slice(1)}/passwd`
  const archives = [
    tarBytes({ path: 'manifest.json', body: JSON.stringify([{ Config: climb, RepoTags: ['evil:latest'], Layers: [] }]) }),
    tarBytes(
      { path: 'config', type: 'symlink', target: `${secret}/passwd` },
      { path: 'manifest.json', body: JSON.stringify([{ Config: 'config', RepoTags: ['evil:latest'], Layers: [] }]) },
    ),
    tarBytes({ path: 'repositories', body: JSON.stringify({ evil: { latest: climb } }) }, { path: `${climb}/json`, body: '{}' }),
    tarBytes({ path: `blobs/sha256/${'../'.repeat(12)}${secret.slice(1)}/planted`, body: 'x'.repeat(2 << 20) }),
  ]
  for (const input of archives) {
    const outcome = await instance.command('docker', ['load'], { input })
    assert.notEqual(outcome.code, 0)
    assert.match(outcome.err, /invalid archive|damaged|missing/)
    assertNoSecret(outcome)
  }
  assert.ok(!(await ok('images', '-q')).includes('evil'))
})

test('a name in an image archive is checked as any other', async () => {
  const { layer, config } = await saved('box')
  for (const name of ['../../evil:latest', 'UPPERCASE:x', 'a b:c']) {
    const manifest = [{ Config: 'c', RepoTags: [name], Layers: ['l'] }]
    const input = tarBytes(
      { path: 'l', body: layer },
      { path: 'c', body: JSON.stringify(config) },
      { path: 'manifest.json', body: JSON.stringify(manifest) },
    )
    const { code, err } = await instance.command('docker', ['load'], { input })
    assert.notEqual(code, 0, name)
    assert.match(err, /invalid reference format|must be lowercase/)
  }
})

const runtimes = ['crun', 'runc'].map((runtime) => ({
  runtime,
  options: { skip: runtime === 'runc' && !existsSync('/usr/sbin/runc') ? 'runc is not installed' : false },
}))

for (const { runtime, options } of runtimes) {
  for (const name of ['dev', 'proc', 'sys', 'etc']) {
    const cves = 'CVE-2019-19921, CVE-2023-27561, CVE-2025-31133, CVE-2026-47766'
    test(`an image whose /${name} is a link leads no mount of ${runtime} out of the container (${cves})`, options, async () => {
      await image(`link-${name}`, [{ path: name, type: 'symlink', target: secret }])
      const script = `cat /${name}/passwd; echo planted > ${secret}/planted; head -c 9 /proc/kcore; echo x > /proc/sysrq-trigger && echo opened`
      const outcome = await docker('run', '--rm', '--runtime', runtime, `link-${name}`, 'sh', '-c', script)
      assertNoSecret(outcome)
      assert.ok(!/opened|ELF/.test(outcome.out), outcome.out)
      assert.ok(!readFileSync('/proc/self/mounts', 'utf8').includes(secret))
    })
  }

  test(`a working directory among open files leads ${runtime} nowhere (CVE-2024-21626)`, options, async () => {
    const look = `cat ../../../../../../../..${secret}/passwd; ls`
    for (let fd = 3; fd < 12; fd++)
      assertNoSecret(await docker('run', '--rm', '--runtime', runtime, '-w', `/proc/self/fd/${fd}`, 'box', 'sh', '-c', look))
    await image('workdir-link', [{ path: 'work', type: 'symlink', target: '/proc/self/fd/7/' }], ['WORKDIR /work'])
    assertNoSecret(await docker('run', '--rm', '--runtime', runtime, 'workdir-link', 'sh', '-c', look))
  })
}

test('no file that is open in daemon, keeper or runtime is open in a container', async () => {
  const listed = 'for fd in /proc/self/fd/*; do readlink $fd; done 2>/dev/null; true'
  const lines = (text: string): string[] =>
    text
      .split('\n')
      .filter((line) => !/^(pipe|socket):|^\/dev\/(null|pts)|^\/proc\/\d+\/fd|\/(stdin|stdout|stderr)$/.test(line) && line !== '')
  assert.deepEqual(lines(await ok('run', '--rm', 'box', 'sh', '-c', listed)), [])
  await ok('run', '-d', '--name', 'open', 'box', 'sleep', '1000')
  assert.deepEqual(lines(await ok('exec', 'open', 'sh', '-c', listed)), [])
  const count = 'ls /proc/self/fd | wc -l'
  // Three, and the directory that `ls` itself has open.
  assert.equal(await ok('run', '--rm', 'box', 'sh', '-c', count), '4')
  assert.equal(await ok('exec', 'open', 'sh', '-c', count), '4')
})

const tables: readonly [string, Given][] = [
  ['link', { path: 'etc/passwd', type: 'symlink', target: `${secret}/passwd` }],
  ['climbing-link', { path: 'etc/passwd', type: 'symlink', target: `../../../../../../../../..${secret}/passwd` }],
  ['pipe', { path: 'etc/passwd', type: 'fifo' }],
  ['device', { path: 'etc/passwd', type: 'character', major: 1, minor: 5 }],
  ['directory', { path: 'etc/passwd', type: 'directory' }],
]

for (const [kind, member] of tables) {
  test(`a user table that is a ${kind} neither leaks nor hangs`, async () => {
    await image(`table-${kind}`, [member])
    const outcome = await docker('run', '--rm', '-u', 'operator', `table-${kind}`, 'id')
    assert.equal(outcome.code, 125)
    assert.match(outcome.err, /unable to find user operator: no matching entries in passwd file/)
    assertNoSecret(outcome)
    // Without a program that reads the table itself.
    assert.match(await ok('run', '--rm', '-u', '7', `table-${kind}`, 'grep', '^Uid', '/proc/self/status'), /^Uid:\s+7\s/)
  })
}

test('a user table of a terabyte is refused, not read', async () => {
  const sparse = paxBytes({ 'GNU.sparse.map': '0,1', 'GNU.sparse.size': String(2 ** 40), 'GNU.sparse.name': 'etc/passwd' })
  const { code, err } = await instance.command('docker', ['import', '-', 'table-huge-layer'], {
    input: tarBytes(sparse, { path: 'etc/passwd', body: 'x' }),
  })
  assert.equal(code, 0, err)
  await load('table-huge', ['box', 'table-huge-layer'])
  assert.match((await docker('run', '--rm', '-u', 'operator', 'table-huge', 'id')).err, /passwd of the container is larger/)
})

test('a user that overflows is refused, not turned into root (CVE-2024-40635)', async () => {
  for (const user of ['4294967296', '65536:4294967296', '2147483648', '-1', '1e1'])
    assert.notEqual((await docker('run', '--rm', '-u', user, 'box', 'id', '-u')).code, 0, user)
})

test('a volume declared where a link lies is mounted, and filled, inside the container (CVE-2022-23648)', async () => {
  await image(
    'volume-link',
    [
      { path: 'vol', type: 'symlink', target: secret },
      { path: 'up', type: 'symlink', target: `../../../..${secret}` },
    ],
    ['VOLUME /vol', 'VOLUME /up'],
  )
  const outcome = await docker(
    'run',
    '--rm',
    'volume-link',
    'sh',
    '-c',
    'cat /vol/* /up/*; echo planted > /vol/planted; echo planted > /up/planted',
  )
  assertNoSecret(outcome)
})

test('a volume whose path in the image climbs is the container’s own (CVE-2022-23648)', async () => {
  const { config, layer } = await saved('box')
  const Volumes = { [`/../../../../../..${secret}`]: {}, [`../../../../../..${secret}/deep`]: {} }
  const json = JSON.stringify({ ...config, config: { ...config.config, Volumes } })
  const manifest = [{ Config: 'c', RepoTags: ['climbing:latest'], Layers: ['l'] }]
  const input = tarBytes({ path: 'l', body: layer }, { path: 'c', body: json }, { path: 'manifest.json', body: JSON.stringify(manifest) })
  assert.equal((await instance.command('docker', ['load'], { input })).code, 0)
  assertNoSecret(await docker('run', '--rm', 'climbing', 'sh', '-c', `cat ${secret}/passwd; touch ${secret}/planted; ls -R ${secret}`))
})

test('a container that does not run is copied from and to within itself, volumes at links too (CVE-2026-42306)', async () => {
  const volume = ['--mount', 'type=volume,target=/up/inner', '-v', '/vol']
  await ok('create', '--name', 'still', ...volume, 'volume-link', 'true')
  const source = `${instance.home}/brought`
  writeFileSync(source, 'brought')
  for (const path of ['/vol', '/vol/passwd', '/up/passwd', '/up/inner', `/../../../..${secret}/passwd`]) {
    assertNoSecret(await instance.command('sh', ['-c', `docker cp -L still:${path} - | tar -xO`]))
    await docker('cp', source, `still:${path}`)
    unharmed()
  }
})

test('what a container has in place of gzip or tar is not run for a copy (CVE-2019-14271, CVE-2026-41567)', async () => {
  const fakes = ['gzip', 'unpigz', 'zstd', 'xz', 'tar'].map((name) => `/usr/bin/${name} /bin/${name}`).join(' ')
  const plant = `mkdir -p /usr/bin; for f in ${fakes}; do printf '#!/bin/sh\\ntouch /ran\\n' >$f; chmod +x $f; done; exec sleep 1000`
  await ok('run', '-d', '--name', 'fakes', 'box', 'sh', '-c', plant)
  await instance.until(
    () => docker('exec', 'fakes', 'grep', '-q', 'sleep', '/proc/1/cmdline'),
    ({ code }) => code === 0,
  )
  const copied = await instance.command('docker', ['cp', '-', 'fakes:/tmp'], { input: gzipSync(tarBytes({ path: 'arrived', body: 'x' })) })
  assert.equal(copied.code, 0, copied.err)
  assert.equal(await ok('exec', 'fakes', 'ls', '/tmp'), 'arrived')
  assert.equal((await docker('exec', 'fakes', 'ls', '/ran')).code, 1)
})

test('copies in and out stay inside while the container swaps directories for links (CVE-2018-15664)', async () => {
  const swap = `mkdir -p /work/real; echo mine > /work/real/passwd; ln -s ${secret} /work/evil; cd /work
    while :; do mv real spare; mv evil real; mv real evil; mv spare real; done`
  await ok('run', '-d', '--name', 'racer', 'box', 'sh', '-c', swap)
  const source = `${instance.home}/planted`
  writeFileSync(source, 'planted')
  for (let round = 0; round < 40; round++) {
    const out = await instance.command('sh', ['-c', 'docker cp racer:/work/real/passwd - | tar -xOf - 2>/dev/null'])
    assert.ok(!out.out.includes('4242'), 'the host file leaked')
    await docker('cp', source, 'racer:/work/real/planted')
    unharmed()
  }
})

test('a copy in has no way round links by what it brings itself', async () => {
  await ok('run', '-d', '--name', 'target', 'box', 'sleep', '1000')
  const attacks: readonly (readonly Given[])[] = [
    [{ path: '../../../../../../escape', body: 'x' }],
    [
      { path: 'l', type: 'symlink', target: secret },
      { path: 'l/planted', body: 'x' },
    ],
    [{ path: 'h', type: 'link', target: `${secret}/passwd` }],
    [
      { path: 'l', type: 'symlink', target: secret },
      { path: 'l', type: 'directory', mode: 0o777 },
    ],
  ]
  for (const members of attacks) {
    await instance.command('docker', ['cp', '-', 'target:/tmp'], { input: tarBytes(...members) })
    unharmed()
    assert.ok(!existsSync('/escape'))
  }
})

test('nobody but root finds a way into the state, nor to a socket of ours, whatever the umask (CVE-2024-25621)', async () => {
  const mode = (path: string): number => statSync(path).mode & 0o777
  assert.equal(mode(instance.data) & 0o077, 0)
  assert.equal(mode(instance.run) & 0o066, 0)
  assert.equal(mode(instance.socket), 0o660)
  const others = readdirSync(instance.run).filter((name) => `${instance.run}/${name}` !== instance.socket)
  assert.ok(others.includes('keeper.sock') && others.includes('containers'))
  for (const name of others) {
    const path = `${instance.run}/${name}`
    // To connect takes the right to write.
    assert.equal(mode(path) & (statSync(path).isSocket() ? 0o022 : 0o077), 0, name)
  }
  for (const name of ['containers', 'layers', 'blobs', 'volumes', 'trash', 'local.sqlite'])
    assert.equal(mode(`${instance.data}/${name}`) & 0o077, 0, name)
  assert.equal(await ok('run', '--rm', 'box', 'sh', '-c', 'umask'), '0022')
})

test('who asks makes no difference on the socket; a body of a form, as browsers send to anybody, or an oversized one is refused there', async () => {
  const ask = (args: readonly string[], input = ''): Promise<Outcome> =>
    instance.command('curl', ['-s', '-o', '/dev/null', '-w', '%{http_code}', '--unix-socket', instance.socket, ...args], { input })
  assert.equal((await ask(['-H', 'Host: attacker.example', 'http://x/_ping'])).out, '200')
  const origin = ['-H', 'Origin: http://attacker.example']
  const create = ['-H', 'Expect:', '--data-binary', '@-', 'http://x/containers/create']
  for (const [type, status] of [
    ['text/plain', '400'],
    ['application/json', '201'],
  ] as const)
    assert.equal((await ask([...origin, '-H', `Content-Type: ${type}`, ...create], '{"Image":"box","Cmd":["true"]}')).out, status)
  assert.equal((await ask(create, ' '.repeat(12 << 20))).out, '413')
})

test('nothing is kept open for clients of exec sessions that were killed (CVE-2022-23471)', async () => {
  await ok('run', '-d', '--name', 'kept', 'box', 'sleep', '1000')
  const open = (): number => readdirSync(`/proc/${instance.daemonPid()}/fd`).length
  const earlier = open()
  // Each ends its client, from whose end the daemon hears nothing, long before the session's own.
  await Promise.all(Array.from({ length: 8 }, () => instance.command('docker', ['exec', '-i', 'kept', 'sleep', '1000'], { timeout: 1500 })))
  await instance.until(
    async () => {
      await ok('exec', 'kept', 'true')
      return open()
    },
    (count) => count <= earlier,
  )
})

test('an archive for import that never ends in content is stopped by the disk it may use', async () => {
  const liar = tarBytes(paxBytes({ size: String(2 ** 50) }), { path: 'huge', body: 'x' })
  const { code, err } = await instance.command('docker', ['import', '-', 'liar'], { input: liar })
  assert.notEqual(code, 0)
  assert.match(err, /ends in the middle|no space left/)
})
