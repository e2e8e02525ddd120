import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { copyFileSync, createReadStream, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { connect, type AddressInfo } from 'node:net'
import { basename, dirname } from 'node:path'
import { after, before, test, type TestContext } from 'node:test'
import { http } from '#base/http.ts'
import { remoteContext } from '#build/context/remote-context.ts'
import { DirectoryContext } from '#build/context/directory-context.ts'
import { placeOf } from '#build/dockerfile/problem.ts'
import type { ByteSink, CacheSource, NamedContext } from '#build/request.ts'
import { parseImageReference } from '#base/image-reference.ts'
import type { Index } from '#content/manifests/manifest.ts'
import { parsePlatform } from '#content/manifests/platform.ts'
import { emulates } from '#host/kernel/emulators.ts'
import { freePorts } from './free-ports.ts'
import { Instance } from './instance.ts'
import { OwnBuilder } from './own-builder.ts'
import { RegistryServer } from './registry-server.ts'

/** What a request to the builder can ask for that the classic endpoint has no words for. */
const instance = new Instance()
let own: OwnBuilder

before(async () => {
  await instance.start()
  await instance.importBox()
  await instance.ok('save', '-o', `${instance.home}/box.tar`, 'box')
  own = await OwnBuilder.start(instance)
})

after(async () => {
  await own[Symbol.asyncDispose]()
  await instance.stop()
})

/** Whether any file below a directory holds the text; compressed ones of this instance hold nothing else. */
async function holds(path: string, text: string): Promise<boolean> {
  const { out } = await instance.command('grep', ['-rlaF', text, path])
  return out !== ''
}

function toFile(path: string): ByteSink {
  return async (bytes) => {
    const parts: Uint8Array[] = []
    for await (const part of bytes) parts.push(part)
    writeFileSync(path, Buffer.concat(parts))
  }
}

test('a secret is a file or a variable of the step alone, and is left nowhere', async () => {
  const word = `hush-${process.pid}-word`
  const seen: string[] = []
  const secrets = async (id: string): Promise<Buffer | undefined> => {
    seen.push(id)
    return id === 'token' ? Buffer.from(word) : undefined
  }
  const Dockerfile = `FROM box
RUN --mount=type=secret,id=token sh -c 'stat -c "%a %u" /run/secrets/token; wc -c </run/secrets/token; mount | grep -c " /run/secrets/token "'
RUN --mount=type=secret,id=token,target=/etc/deep/t,mode=0444,uid=37,gid=99 stat -c '%a %u %g' /etc/deep/t
RUN --mount=type=secret,id=token,env=TOKEN echo "$(echo -n "$TOKEN" | wc -c) $(ls /run/secrets 2>&1 | wc -l)"
RUN --mount=type=secret,id=nobody sh -c '[ ! -e /run/secrets/nobody ]'
RUN [ ! -e /run ] && [ ! -e /etc/deep ]
`
  const { printed } = await own.build({ Dockerfile }, { secrets, tag: 'hushed' })
  assert.deepEqual(
    printed
      .trim()
      .split('\n')
      .map((line) => line.trim()),
    ['400 0', String(word.length), '1', '444 37 99', `${word.length} 1`],
  )
  assert.deepEqual(new Set(seen), new Set(['token', 'nobody']))
  assert.equal(await holds(instance.home, word), false)
  assert.match(
    (await own.refused({ Dockerfile: 'FROM box\nRUN --mount=type=secret,id=gone,required true\n' }, { secrets })).message,
    /secret gone: not found/,
  )
})

test('another value of a secret does not run a step again', async () => {
  const files = { Dockerfile: 'FROM box\nRUN --mount=type=secret,id=a echo ran\n' }
  const secret = (text: string) => ({ secrets: async () => Buffer.from(text) })
  assert.match((await own.build(files, secret('one'))).printed, /ran/)
  assert.equal((await own.build(files, secret('two'))).printed, '')
})

test('a step speaks with the client’s agent, and only while it runs', async (t) => {
  if (spawnSync('which', ['ssh-agent', 'ssh-add', 'ssh-keygen']).status !== 0) return t.skip('OpenSSH is not installed')
  const [socket, key] = [`${instance.home}/agent.sock`, `${instance.home}/key`]
  const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore' })
  t.after(() => agent.kill())
  await instance.until(() => existsSync(socket), Boolean)
  spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'of the client', '-f', key])
  spawnSync('ssh-add', [key], { env: { SSH_AUTH_SOCK: socket } })
  const ssh = async (id: string) => (id === 'default' ? async () => connect(socket) : undefined)
  const Dockerfile = `FROM box
RUN --mount=type=ssh --mount=from=tools,target=/tools stat -c '%a %F' $SSH_AUTH_SOCK; /tools/ld --library-path /tools /tools/ssh-add -l
RUN [ -z "$SSH_AUTH_SOCK" ] && [ ! -e /run ]
`
  const { printed } = await own.build({ Dockerfile }, { ssh, contexts: new Map([['tools', programContext('/usr/bin/ssh-add')]]) })
  assert.match(printed, /^600 socket\n256 SHA256:\S+ of the client \(ED25519\)$/m)
  const missing = await own.refused({ Dockerfile: 'FROM box\nRUN --mount=type=ssh,id=other,required true\n' }, { ssh })
  assert.match(missing.message, /unset ssh forward key other/)
})

/** A program of the host with its libraries and, as `ld`, what loads them. */
function programContext(program: string): NamedContext {
  const directory = own.directory({})
  const libraries = spawnSync('ldd', [program], { encoding: 'utf8' }).stdout.match(/\/\S+/g) ?? []
  for (const path of [program, ...libraries]) copyFileSync(path, `${directory}/${basename(path).replace(/^ld-linux.*/, 'ld')}`)
  return { kind: 'files', source: new DirectoryContext(directory) }
}

test('named contexts stand for images, stages and sources of files', async () => {
  const source = new DirectoryContext(
    own.directory({ 'f.txt': 'from a context\n', 'sub/g.txt': 'deep\n', '.dockerignore': 'hidden\n', hidden: 'x' }),
  )
  const Dockerfile = `FROM nowhere AS tools
RUN exit 9
FROM missing.example/base
COPY --from=files f.txt /f
COPY --from=tools sub /sub
RUN --mount=from=files,target=/m cat /f /sub/g.txt /m/f.txt; ls /m
`
  const { printed } = await own.build(
    { Dockerfile },
    {
      contexts: new Map([
        ['files', { kind: 'files', source }],
        ['tools', { kind: 'files', source }],
        ['missing.example/base', { kind: 'image', reference: 'box' }],
      ]),
    },
  )
  assert.equal(printed, 'from a context\ndeep\nfrom a context\nf.txt\nsub\n')
})

test('results go where they are asked to: archive, tar, files; the store keeps only what was meant for it', async () => {
  const Dockerfile = 'FROM scratch\nCOPY a.txt /dir/\nCMD ["/x"]\n'
  const [archive, tar] = [`${instance.home}/image.tar`, `${instance.home}/files.tar`]
  let seen = ''
  const { id } = await own.build(
    { 'a.txt': 'exported\n', Dockerfile },
    {
      outputs: [
        { kind: 'archive', names: [parseImageReference('exported:1')], sink: toFile(archive) },
        { kind: 'tar', sink: toFile(tar) },
        { kind: 'files', sink: async ([branch]) => void (seen = readFileSync(`${branch?.directory}/dir/a.txt`, 'utf8')) },
      ],
    },
  )
  assert.equal(seen, 'exported\n')
  assert.match((await instance.command('tar', ['-tf', tar])).out, /^dir\/a\.txt$/m)
  assert.match((await instance.command('tar', ['-xOf', archive, 'manifest.json'])).out, /"exported:1"/)
  assert.equal(own.rooms.images.index.get(id), undefined)
})

test('work is told of as a graph, and a failure as a place', async () => {
  const files = {
    'a.txt': 'a\n',
    Dockerfile: `FROM box AS one\nRUN echo ${process.pid}\nFROM box\nENV A=1\nCOPY --from=one /etc/group /g\nCOPY a.txt /\n`,
  }
  const { events } = await own.build(files)
  const vertices = new Map(events.flatMap((event) => (event.type === 'vertex' ? [[event.vertex.name, event.vertex]] : [])))
  const copied = vertices.get('[stage-1 2/3] COPY --from=one /etc/group /g')
  assert.ok(copied, [...vertices.keys()].join('\n'))
  const names = (ids: readonly string[]): string[] => [...vertices.values()].filter(({ id }) => ids.includes(id)).map(({ name }) => name)
  assert.deepEqual(names(copied.parents).toSorted(), [
    '[one 2/2] RUN echo ' + process.pid,
    '[stage-1 1/3] FROM docker.io/library/box:latest',
  ])
  assert.deepEqual(names(vertices.get('[stage-1 3/3] COPY a.txt /')?.parents ?? []).toSorted(), [
    '[internal] load build context',
    copied.name,
  ])
  const ended = new Set(events.flatMap((event) => (event.type === 'vertex end' ? [event.vertex] : [])))
  assert.ok([...vertices.values()].every(({ id }) => ended.has(id)))
  const again = await own.build(files)
  assert.ok(again.events.some((event) => event.type === 'vertex end' && event.vertex === copied.id && event.cached))
  const failure = await own.refused({ Dockerfile: 'FROM box\nRUN true && \\\n  exit 3\n' })
  assert.deepEqual([placeOf(failure)?.line, placeOf(failure)?.lastLine], [2, 3])
})

test('with SOURCE_DATE_EPOCH two machines that never met make the same image', async () => {
  const files = { 'a/b.txt': 'b\n', Dockerfile: 'FROM scratch\nCOPY a /a\nADD c.tar /c/\n', 'c.tar': '' }
  const Dockerfile = `FROM box AS made
WORKDIR /w
RUN echo x >file && mkdir -p d/e && touch -d "1999-01-01 00:00:00" old
COPY a /a
COPY --link a /linked
FROM scratch
COPY --from=made /w /w
COPY --from=made /a /a
LABEL a=b
`
  const args = new Map([['SOURCE_DATE_EPOCH', '1700000000']])
  const { id } = await own.build({ ...files, Dockerfile }, { args, tag: 'dated' })
  const config = own.rooms.images.resolve('dated').config
  assert.deepEqual(
    new Set([config.created, ...(config.history ?? []).map(({ created }) => created)]),
    new Set(['2023-11-14T22:13:20.000Z']),
  )
  const other = new Instance()
  await other.start()
  try {
    await other.importBox()
    await using second = await OwnBuilder.start(other)
    assert.equal((await second.build({ ...files, Dockerfile }, { args })).id, id)
    assert.notEqual((await second.build({ ...files, Dockerfile })).id, id)
  } finally {
    await other.stop()
  }
})

/** A repository of two commits behind a server of plain files; the first is tagged `v1`, and `src/` is in both. */
async function repository(t: TestContext, format = 'sha1'): Promise<{ readonly address: string; readonly first: string } | undefined> {
  if (spawnSync('git', ['--version']).status !== 0) return void t.skip('git is not installed')
  const work = own.directory({ 'src/Dockerfile': 'FROM box\nCOPY f /f\nRUN cat /f; ls -a\n', 'src/f': 'one\n' })
  const git = (...args: string[]): string => {
    const said = ['-c', 'user.name=n', '-c', 'user.email=e@x', '-C', work, ...args]
    const { status, stdout, stderr } = spawnSync('git', said, {
      encoding: 'utf8',
      env: { PATH: process.env['PATH'] ?? '', HOME: instance.home },
    })
    assert.equal(status, 0, stderr)
    return stdout.trim()
  }
  git('init', '-q', '-b', 'main', `--object-format=${format}`)
  git('add', '.')
  git('commit', '-q', '-m', 'one')
  git('tag', 'v1')
  const first = git('rev-parse', 'HEAD')
  writeFileSync(`${work}/src/f`, 'two\n')
  git('commit', '-q', '-a', '-m', 'two')
  git('clone', '-q', '--bare', work, `${work}.git`)
  git('-C', `${work}.git`, 'update-server-info')
  const server = http.createServer((request, response) => {
    const path = `${dirname(work)}${new URL(request.url ?? '', 'http://x').pathname}`
    if (existsSync(path)) response.end(readFileSync(path))
    else response.writeHead(404).end()
  })
  t.after(() => server.close())
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return { address: `http://127.0.0.1:${(server.address() as AddressInfo).port}/${basename(work)}.git`, first }
}

test('a context comes from a git repository, at a branch, tag or commit, and from a directory in it', async (t) => {
  const { address, first } = (await repository(t)) ?? {}
  if (address === undefined || first === undefined) return
  const remote = (text: string) => remoteContext(text, { ...own.rooms.builder, secrets: undefined, keepsGitDirectory: false })
  const printed = async (text: string): Promise<string> => (await own.build({}, { context: remote(text), noCache: true })).printed
  assert.match(await printed(`${address}#:src`), /^two$/m)
  assert.match(await printed(`${address}#v1:src`), /^one$/m)
  assert.match(await printed(`${address}#${first}:src`), /^one$/m)
  assert.match(await printed(`${address}?commit=${first}&ref=v1&subdir=src`), /^one$/m)
  assert.match(await printed(`${address}?branch=main&subdir=src`), /^two$/m)
  const refused = async (text: string): Promise<string> => (await own.refused({}, { context: remote(text) })).message
  assert.match(await refused(`${address}?branch=v1`), /does not contain ref refs\/heads\/v1/)
  assert.match(await refused(`${address}#nope`), /does not contain ref nope/)
  assert.match(await refused(`${address}#v1:nope`), /failed to find nope/)
  assert.match(await refused(`${address}?checksum=${'0'.repeat(40)}`), /expected checksum to match/)
  assert.match(await refused('git@127.0.0.1:x/y.git'), /no SSH key "default" forwarded/)
})

test('a repository whose commits have SHA-256 is taken too', async (t) => {
  const { address, first } = (await repository(t, 'sha256')) ?? {}
  if (address === undefined || first === undefined) return
  assert.equal(first.length, 64)
  const Dockerfile = `FROM box\nADD ${address}#main:src /main/\nADD --checksum=${first} ${address}#v1:src /first/\nRUN cat /main/f /first/f\n`
  assert.equal((await own.build({ Dockerfile })).printed, 'two\none\n')
})

test('what stands in for an argument that is given need not be valid, and a slip in a mount’s type is told', async () => {
  const Dockerfile = 'FROM box\nARG A\nARG B=${A:?missing}\nRUN echo "<$B>"\n'
  assert.match((await own.build({ Dockerfile }, { args: new Map([['B', 'given']]) })).printed, /^<given>$/m)
  assert.match((await own.refused({ Dockerfile })).message, /A: missing/)
  const slip = await own.refused({ Dockerfile: 'FROM box\nRUN --mount=type=tmp,target=/x true\n' })
  assert.match(slip.message, /unsupported mount type "tmp" \(did you mean tmpfs\?\)/)
})

test('ADD takes a repository, with or without its history', async (t) => {
  const { address, first } = (await repository(t)) ?? {}
  if (address === undefined || first === undefined) return
  const Dockerfile = `FROM box
ADD ${address}#main:src /main/
ADD --checksum=${first} --keep-git-dir=true ${address}#v1 /whole
RUN cat /main/f /whole/src/f; ls -a /main | wc -l; [ -d /whole/.git ]
`
  assert.equal((await own.build({ Dockerfile })).printed, 'two\none\n4\n')
  assert.match((await own.refused({ Dockerfile: `FROM box\nADD --checksum=${first} ${address}#main /x\n` })).message, /expected checksum/)
  assert.match((await own.refused({ a: '', Dockerfile: 'FROM box\nADD --keep-git-dir=true a /x\n' })).message, /non-git sources/)
})

test('a context comes from an archive or a lone Dockerfile behind an address', async (t) => {
  const directory = own.directory({ Dockerfile: 'FROM box\nCOPY f /f\nRUN cat /f\n', f: 'archived\n' })
  const archive = spawnSync('tar', ['-C', directory, '-cz', '.']).stdout
  const server = http.createServer((request, response) =>
    request.url === '/context.tar.gz' ? response.end(archive) : response.end('FROM box\nRUN echo alone\n'),
  )
  t.after(() => server.close())
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const remote = (path: string) =>
    remoteContext(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`, {
      ...own.rooms.builder,
      secrets: undefined,
      keepsGitDirectory: false,
    })
  assert.match((await own.build({}, { context: remote('/context.tar.gz') })).printed, /^archived$/m)
  for (const dockerfile of ['Dockerfile', 'any/name'])
    assert.match((await own.build({}, { context: remote('/Dockerfile.txt'), dockerfile, noCache: true })).printed, /^alone$/m)
})

test('steps’ results travel to another machine in an image, in an archive and by a registry', async () => {
  const files = {
    'a.txt': 'a\n',
    Dockerfile: `FROM box AS made\nCOPY a.txt /\nRUN echo ran-first && date +%s%N >/when\nFROM box\nRUN echo ran-second >/second; echo ran-second\nCOPY --from=made /when /\n`,
  }
  const [archive, image] = [`${instance.home}/steps.tar`, `${instance.home}/inline.tar`]
  await using registry = new RegistryServer(await freePorts())
  await registry.start()
  const reference = parseImageReference(`${registry.host}/team/steps:cache`)
  const first = await own.build(files, {
    tag: 'inline',
    cacheTo: [{ kind: 'inline' }, { kind: 'archive', mode: 'max', sink: toFile(archive) }, { kind: 'registry', mode: 'max', reference }],
    outputs: [{ kind: 'image' }, { kind: 'archive', sink: toFile(image) }],
  })
  // The stages run at the same time.
  const sorted = (text: string): string => text.split('\n').toSorted().join(' ')
  assert.equal(sorted(first.printed), ' ran-first ran-second')
  assert.equal(own.rooms.images.findByName(reference), undefined)
  const printedElsewhere = async (cacheFrom: readonly CacheSource[], load = false): Promise<string> => {
    const other = new Instance()
    await other.start()
    try {
      await other.ok('load', '-i', `${instance.home}/box.tar`)
      if (load) await other.ok('load', '-i', image)
      await using second = await OwnBuilder.start(other)
      const { printed, id } = await second.build(files, { cacheFrom, cacheTo: [{ kind: 'inline' }] })
      assert.equal(id === first.id, printed === '')
      assert.equal(second.rooms.images.findByName(reference), undefined)
      return printed
    } finally {
      await other.stop()
    }
  }
  const open = async () => createReadStream(archive)
  assert.equal(await printedElsewhere([{ kind: 'archive', open }]), '')
  assert.equal(await printedElsewhere([{ kind: 'image', reference }]), '')
  // The image has the steps of its own stage alone.
  assert.equal(await printedElsewhere([{ kind: 'image', reference: parseImageReference('inline') }], true), 'ran-first\n')
  const gone = parseImageReference(`${registry.host}/team/none:cache`)
  assert.equal(sorted(await printedElsewhere([{ kind: 'image', reference: gone }])), ' ran-first ran-second')
})

test('several platforms give an index, which is pushed or written, and never half stored', async () => {
  const Dockerfile = `FROM --platform=$BUILDPLATFORM box AS made
ARG TARGETARCH
RUN echo "for $TARGETARCH" >/what
FROM scratch
COPY --from=made /what /
COPY a.txt /
`
  const files = { 'a.txt': 'a\n', Dockerfile }
  const platforms = ['linux/amd64', 'linux/arm64'].map(parsePlatform)
  await using registry = new RegistryServer(await freePorts())
  await registry.start()
  const archive = `${instance.home}/index.tar`
  const before = own.rooms.images.list().length
  const { events } = await own.build(files, {
    platforms,
    tags: [parseImageReference(`${registry.host}/team/both:1`)],
    outputs: [
      { kind: 'archive', sink: toFile(archive) },
      { kind: 'image', push: true },
    ],
  })
  assert.equal(own.rooms.images.list().length, before)
  assert.ok(events.some((event) => event.type === 'vertex' && event.vertex.name.startsWith('[linux/arm64 made 2/2] RUN')))
  const accept = 'application/vnd.oci.image.index.v1+json'
  const index = (await (await fetch(`http://${registry.host}/v2/team/both/manifests/1`, { headers: { accept } })).json()) as Index
  assert.deepEqual(
    index.manifests.map(({ platform }) => platform),
    platforms,
  )
  const member = async (digest: string): Promise<Index> =>
    JSON.parse((await instance.command('tar', ['-xOf', archive, `blobs/sha256/${digest.slice(7)}`])).out) as Index
  const written = JSON.parse((await instance.command('tar', ['-xOf', archive, 'index.json'])).out) as Index
  const [first, second] = (await member(written.manifests[0]?.digest ?? '')).manifests
  assert.deepEqual([first?.platform?.architecture, second?.platform?.architecture], ['amd64', 'arm64'])
  assert.notEqual(first?.digest, second?.digest)
  assert.match((await own.refused(files, { platforms })).message, /does not currently support exporting manifest lists/)
})

test('a step for another architecture runs where the kernel has an emulator, and is refused elsewhere', async (t) => {
  const [here, other] = process.arch === 'x64' ? ['amd64', 'arm64'] : ['arm64', 'amd64']
  if (emulates(other)) return t.skip(`this machine emulates ${other}`)
  const failure = await own.refused({ Dockerfile: 'FROM scratch\nRUN ["/x"]\n' }, { platform: parsePlatform(`linux/${other}`) })
  assert.match(failure.message, new RegExp(`RUN for linux/${other} on linux/${here} needs an emulator`))
})
