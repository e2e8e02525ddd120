import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { test, type TestContext } from 'node:test'
import { BuildContexts, type Files } from './build-contexts.ts'
import { freePorts } from './free-ports.ts'
import type { Outcome } from './instance.ts'
import { instanceWithBox } from './instance-with-box.ts'
import { usePlugins } from './plugins.ts'
import { RegistryServer } from './registry-server.ts'

/** Builds through buildx, which speaks BuildKit's protocols and which nobody here wrote. */
const instance = instanceWithBox()
const contexts = new BuildContexts(instance)
const available = await usePlugins(instance, 'docker-buildx')
const skip = available ? false : 'no suite that has buildx can be reached'

/** bcrypt of `secret`. */
const passwords = 'user:$2b$05$R.kRDLLwK4uSs6zwQX3eseafgghE5w7rP/C.6OJci.smphvZTYsAK\n'

const twoStages = {
  'a.txt': 'hi\n',
  Dockerfile: `# syntax=docker/dockerfile:1
FROM box AS builder
WORKDIR /src
COPY a.txt .
RUN echo to stdout; echo to stderr >&2; cat a.txt > /out.txt
FROM box
COPY --from=builder /out.txt /
ENV A=b
CMD ["cat", "/out.txt"]
`,
}

const inDirectory = (directory: string, ...options: string[]): Promise<Outcome> =>
  instance.docker('buildx', 'build', '--progress=plain', ...options, directory)

const build = (files: Files, ...options: string[]): Promise<Outcome> => inDirectory(contexts.directory(files), ...options)

/** A failure fails the test; resolves with the progress. */
async function built(files: Files, ...options: string[]): Promise<string> {
  const { code, out, err } = await build(files, ...options)
  assert.equal(code, 0, err + out)
  return err
}

test('buildx build makes an image, and shows the steps as its users know them', { skip }, async () => {
  const shown = await built(twoStages, '-t', 'two')
  for (const line of [
    '[internal] load build definition from Dockerfile',
    '[internal] load .dockerignore',
    '[internal] load build context',
    '[internal] load metadata for docker.io/library/box:latest',
    '[builder 1/4] FROM docker.io/library/box:latest',
    '[builder 2/4] WORKDIR /src',
    '[builder 3/4] COPY a.txt .',
    '[stage-1 2/2] COPY --from=builder /out.txt /',
    'exporting to image',
    'naming to docker.io/library/two:latest',
  ])
    assert.ok(shown.includes(line), `${line} in\n${shown}`)
  assert.match(shown, /^#\d+ \d+\.\d+ to stdout$/m)
  assert.match(shown, /^#\d+ \d+\.\d+ to stderr$/m)
  assert.equal(await instance.ok('run', '--rm', 'two'), 'hi')
  assert.equal(await instance.ok('inspect', '-f', '{{json .Config.Env}}', 'two').then((env) => env.includes('"A=b"')), true)
})

test('a second build takes every step from the cache, and only a changed file comes again', { skip }, async () => {
  const big = 'x'.repeat(100_000)
  const directory = contexts.directory({
    ...twoStages,
    'big.txt': big,
    Dockerfile: 'FROM box\nCOPY a.txt big.txt /\nRUN echo ran $(cat /a.txt)\n',
  })
  const first = await inDirectory(directory)
  assert.match(first.err, /transferring context: 100\.\d\dkB/)
  const again = await inDirectory(directory)
  assert.match(again.err, /RUN echo ran \$\(cat \/a\.txt\)\n#\d+ CACHED/)
  assert.doesNotMatch(again.err, /\d ran hi$/m)
  writeFileSync(`${directory}/a.txt`, 'changed\n')
  const { err } = await inDirectory(directory)
  assert.match(err, /transferring context: \d+B/)
  assert.match(err, /\d ran changed$/m)
})

test('what is ignored or not needed never comes, and what was deleted is gone', { skip }, async () => {
  const directory = contexts.directory({
    'keep/a': 'a',
    'keep/b': 'b',
    'secret.txt': 'secret',
    'unneeded.txt': 'unneeded',
    '.dockerignore': '# comment\nkeep/b\nsecret.txt\n',
    Dockerfile: 'FROM box\nCOPY keep /keep\nRUN find /keep -type f | sort\n',
  })
  assert.match((await inDirectory(directory)).err, /\d \/keep\/a\n#\d+ DONE/)
  writeFileSync(`${directory}/.dockerignore`, 'keep/a\n')
  assert.match((await inDirectory(directory)).err, /\d \/keep\/b\n#\d+ DONE/)
  const all = await instance.command('grep', ['-rlE', '^(secret|unneeded)$', `${instance.data}/build/contexts`])
  assert.equal(all.out, '')
})

test('a mistake in the Dockerfile and a failing command are shown where they stand', { skip }, async () => {
  const mistake = await build({ Dockerfile: 'FROM box\nCOPPY a b\n' })
  assert.equal(mistake.code, 1)
  assert.match(mistake.err, /Dockerfile:2\n-+\n.*1 \| +FROM box\n +2 \| >>> COPPY a b\n/)
  assert.match(mistake.err, /failed to solve: dockerfile parse error on line 2: unknown instruction: COPPY \(did you mean COPY\?\)\n/)
  const failing = await build({ Dockerfile: 'FROM box\nRUN echo before && \\\n  exit 7\n' })
  assert.equal(failing.code, 1)
  assert.match(failing.err, /^#\d+ \d+\.\d+ before$/m)
  assert.match(failing.err, /2 \| >>> RUN echo before && \\\n +3 \| >>> {3}exit 7\n/)
  assert.match(failing.err, /failed to solve: process "\/bin\/sh -c echo before && {3}exit 7" did not complete successfully: exit code: 7/)
  const missing = await build({ Dockerfile: 'FROM box\nCOPY nothing /\n' })
  assert.match(missing.err, />>> COPY nothing \//)
  assert.equal(await instance.ok('ps', '-aq'), '')
  const long = await build({ Dockerfile: `FROM box\n${`# ${'a comment '.repeat(20)}\n`.repeat(1000)}RUN exit 9\n` })
  assert.match(long.err, />>> RUN exit 9\n/)
})

test('a step that says too much is cut off, and goes on', { skip }, async () => {
  const shown = await built({ Dockerfile: 'FROM box\nRUN yes 0123456789 | head -c 3000000; echo the end >/end\nRUN cat /end\n' })
  assert.match(shown, /\[output clipped, log limit 2MiB reached\]/)
  assert.ok(shown.length < 5_000_000)
  assert.match(shown, /\d the end$/m)
})

test('other frontends and options that nothing is there for are refused by name', { skip }, async () => {
  writeFileSync(`${instance.home}/policy.json`, '{"rules": [{"action": "DENY", "selector": {"identifier": "*"}}]}')
  const frontend = await build({ Dockerfile: 'FROM box\n' }, '--build-arg', 'BUILDKIT_SYNTAX=example.com/other:1')
  assert.match(frontend.err, /the frontend example\.com\/other:1 is not implemented by Galley/)
  assert.equal((await build({ Dockerfile: 'FROM box\n' }, '--build-arg', 'BUILDKIT_SYNTAX=docker/dockerfile:1')).code, 0)
  const compressed = await build({ Dockerfile: 'FROM box\n' }, '-o', 'type=image,compression=zstd')
  assert.match(compressed.err, /the attribute compression of the output moby is not implemented by Galley/)
  const policy = await instance.command('docker', ['buildx', 'build', contexts.directory({ Dockerfile: 'FROM box\n' })], {
    env: { EXPERIMENTAL_BUILDKIT_SOURCE_POLICY: `${instance.home}/policy.json` },
  })
  assert.match(policy.err, /a source policy is not implemented by Galley/)
})

test('secrets reach a step, and stay nowhere', { skip }, async () => {
  const files = {
    Dockerfile: `FROM box
RUN --mount=type=secret,id=file,required wc -c </run/secrets/file
RUN --mount=type=secret,id=word,env=WORD echo \${#WORD}
`,
  }
  const secret = 'b8fb4cf2-kept-secret'
  writeFileSync(`${instance.home}/secret`, secret)
  const given = ['--secret', `id=file,src=${instance.home}/secret`, '--secret', 'id=word,env=SECRET_WORD']
  const { code, err } = await instance.command(
    'docker',
    ['buildx', 'build', '--progress=plain', '-t', 'secretive', ...given, contexts.directory(files)],
    { env: { SECRET_WORD: secret } },
  )
  assert.equal(code, 0, err)
  assert.equal(err.match(new RegExp(`\\d ${secret.length}$`, 'gm'))?.length, 2)
  assert.equal((await instance.command('grep', ['-rl', secret, instance.data])).out, '')
  const without = await build(files, '--no-cache')
  assert.notEqual(without.code, 0)
  assert.match(without.err, /secret/)
})

test('outputs: a directory, a tar, archives of both kinds, and nothing at all', { skip }, async () => {
  const files = {
    Dockerfile:
      'FROM box AS made\nRUN mkdir /made && cd /made && echo deep >deep && ln -s deep link && chmod 4750 deep\nFROM scratch\nCOPY --from=made /made /\n',
  }
  const to = (name: string): string => `${instance.home}/${name}`
  await built(files, '-o', `type=local,dest=${to('local')}`)
  assert.equal(readFileSync(`${to('local')}/deep`, 'utf8'), 'deep\n')
  assert.equal(
    (await instance.command('stat', ['-c', '%a %F', to('local/deep'), to('local/link')])).out,
    '4750 regular file\n777 symbolic link\n',
  )
  await built(files, '-o', `type=tar,dest=${to('out.tar')}`)
  assert.match((await instance.command('tar', ['-tvf', to('out.tar')])).out, /-rwsr-x---.*deep\n.*link -> deep/)
  for (const type of ['docker', 'oci']) {
    const shown = await built(files, '-t', `archived:${type}`, '-o', `type=${type},dest=${to(`${type}.tar`)}`)
    assert.ok(shown.includes(`exporting to ${type} image format`), shown)
    assert.equal(await instance.ok('images', '-q', 'archived'), '')
    assert.match(await instance.ok('load', '-i', to(`${type}.tar`)), new RegExp(`archived:${type}`))
    await instance.ok('rmi', `archived:${type}`)
  }
  const images = await instance.ok('images', '-aq')
  await built(files, '-o', 'type=cacheonly')
  assert.equal(await instance.ok('images', '-aq'), images)
})

test('the Dockerfile or the whole context comes from standard input', { skip }, async () => {
  const directory = contexts.directory({ 'a.txt': 'a\n' })
  const definition = await instance.command('docker', ['buildx', 'build', '-t', 'piped', '-f', '-', directory], {
    input: 'FROM box\nCOPY a.txt /piped\n',
  })
  assert.equal(definition.code, 0, definition.err)
  assert.equal(await contexts.shown('piped', 'cat /piped'), 'a')
  writeFileSync(`${directory}/Dockerfile`, 'FROM box\nCOPY a.txt /tarred\n')
  await instance.command('tar', ['-C', directory, '-cf', `${instance.home}/context.tar`, '.'])
  const tarred = await instance.command('docker', ['buildx', 'build', '-t', 'tarred', '-'], {
    input: readFileSync(`${instance.home}/context.tar`),
  })
  assert.equal(tarred.code, 0, tarred.err)
  assert.equal(await contexts.shown('tarred', 'cat /tarred'), 'a')
})

test('named contexts take the place of images and stages', { skip }, async () => {
  const other = contexts.directory({ 'o.txt': 'other\n' })
  const shown = await built(
    { Dockerfile: 'FROM base\nCOPY --from=files o.txt /\nRUN cat /o.txt\n' },
    '--build-context',
    `files=${other}`,
    '--build-context',
    'base=docker-image://box',
  )
  assert.match(shown, /\d other$/m)
  assert.match(shown, /\[context files\] load from client[^]*transferring files: \d+B/)
  for (const step of ['[1/3] FROM docker.io/library/box:latest', '[2/3] COPY --from=files o.txt /', '[3/3] RUN cat /o.txt'])
    assert.ok(shown.includes(step), `${step} in\n${shown}`)
  const files = await built({ Dockerfile: 'FROM files\nCOPY Dockerfile /\n' }, '--build-context', `files=${other}`)
  for (const step of ['[1/2] FROM files', '[2/2] COPY Dockerfile /']) assert.ok(files.includes(step), `${step} in\n${files}`)
})

test('the id file and the metadata name the image, which has the labels', { skip }, async () => {
  const [id, metadata] = [`${instance.home}/id`, `${instance.home}/metadata.json`]
  await built(
    { Dockerfile: 'FROM box\n' },
    '--iidfile',
    id,
    '--metadata-file',
    metadata,
    '-t',
    'labelled:1',
    '-t',
    'labelled:2',
    '--label',
    'a=b',
  )
  const image = await instance.ok('inspect', '-f', '{{.Id}}', 'labelled:1')
  assert.equal(readFileSync(id, 'utf8'), image)
  const { 'containerimage.config.digest': digest, 'image.name': names } = JSON.parse(readFileSync(metadata, 'utf8')) as Record<
    string,
    string
  >
  assert.deepEqual([digest, names], [image, 'docker.io/library/labelled:1,docker.io/library/labelled:2'])
  assert.equal(await instance.ok('inspect', '-f', '{{.Config.Labels.a}}', 'labelled:2'), 'b')
})

test('a client that is killed ends its build', { skip }, async () => {
  const directory = contexts.directory({ Dockerfile: 'FROM box\nRUN echo begun; sleep 1000\n' })
  const client = instance.docker('buildx', 'build', directory)
  const running = await instance.until(
    () => instance.ok('ps', '-q'),
    (ids) => ids !== '',
  )
  assert.notEqual(running, '')
  const { out } = await instance.command('pgrep', ['-f', `docker-buildx.*${directory}`])
  for (const pid of out.trim().split('\n')) process.kill(Number(pid), 'SIGKILL')
  await client
  await instance.until(
    () => instance.ok('ps', '-aq'),
    (ids) => ids === '',
  )
  assert.ok(existsSync(instance.socket))
})

test('buildx ls and inspect show the daemon as a builder', { skip }, async () => {
  assert.match(await instance.ok('buildx', 'ls'), /default\*? +docker/)
  assert.match(await instance.ok('buildx', 'inspect'), /Status: +running/)
})

test('an agent is reached by a step that mounts it, and by no other', { skip }, async (t: TestContext) => {
  if (!existsSync('/usr/bin/ssh-add')) return t.skip('openssh-client is not installed')
  const agent = `${instance.home}/agent.sock`
  const { out } = await instance.command('ssh-agent', ['-a', agent])
  const pid = Number(/SSH_AGENT_PID=(\d+)/.exec(out)?.[1])
  try {
    await instance.command('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'test-key', '-f', `${instance.home}/key`])
    await instance.command('ssh-add', [`${instance.home}/key`], { env: { SSH_AUTH_SOCK: agent } })
    const libraries = (await instance.command('ldd', ['/usr/bin/ssh-add'])).out.match(/\/\S+/g) ?? []
    const directory = contexts.directory({
      Dockerfile: 'FROM box\nCOPY root /\nRUN --mount=type=ssh ssh-add -l\nRUN test -z "$SSH_AUTH_SOCK" && echo no agent\n',
    })
    await instance.command('sh', ['-c', `mkdir root && cp --parents -L /usr/bin/ssh-add ${libraries.join(' ')} root`], { cwd: directory })
    const { code, err } = await inDirectory(directory, '--ssh', `default=${agent}`)
    assert.equal(code, 0, err)
    assert.match(err, /256 SHA256:\S+ test-key/)
    assert.match(err, /\d no agent$/m)
  } finally {
    process.kill(pid)
  }
})

test('--call lists the targets and what they can be given, and refuses what nothing answers', { skip }, async () => {
  const directory = contexts.directory({
    Dockerfile:
      'ARG BASE=box\nFROM $BASE AS first\nARG WORD=given\nRUN --mount=type=secret,id=token,required true\n# second fails\nFROM first AS second\nRUN exit 1\n',
  })
  const call = (name: string): Promise<string> => instance.ok('buildx', 'build', '--call', name, directory)
  assert.match(await call('targets'), /first\s+\nsecond \(default\) +fails/)
  const outline = await call('outline')
  for (const wanted of [/TARGET: +second/, /BASE +box/, /WORD +given/, /token +true/]) assert.match(outline, wanted)
  const lint = await instance.docker('buildx', 'build', '--call', 'convertllb', directory)
  assert.match(lint.err, /unsupported request frontend\.convertllb: not implemented by Galley/)
})

test('bake builds targets that start from each other, each once', { skip }, async () => {
  const directory = contexts.directory({
    'docker-bake.hcl': `group "default" { targets = ["app", "plain"] }
target "base" {
  dockerfile-inline = "FROM box\\nRUN echo made >/base\\nENV FROM_BASE=1\\n"
}
target "app" {
  pull = true
  contexts = { basis = "target:base" }
  dockerfile-inline = "FROM basis\\nRUN echo env $FROM_BASE\\nCOPY --from=basis /base /copied\\n"
  tags = ["baked:app"]
}
target "plain" {
  dockerfile-inline = "FROM box\\nCOPY docker-bake.hcl /\\n"
  tags = ["baked:plain"]
}
`,
  })
  const { code, err } = await instance.command('docker', ['buildx', 'bake', '--progress=plain'], { cwd: directory })
  assert.equal(code, 0, err)
  assert.match(err, /\d env 1$/m)
  assert.equal(await contexts.shown('baked:app', 'cat /base /copied'), 'made\nmade')
  assert.match(await contexts.shown('baked:plain', 'cat /docker-bake.hcl'), /baked:plain/)
})

test('the same build gives the same image, whatever order its labels came in', { skip }, async () => {
  const directory = contexts.directory({ Dockerfile: 'FROM box\nRUN echo made >/made\n' })
  const labels = ['a', 'b', 'c', 'd', 'e'].flatMap((name) => ['--label', `${name}=${name}`])
  const ids = new Set<string>()
  for (let count = 0; count < 4; count++) {
    await inDirectory(directory, '-t', 'same', ...labels)
    ids.add(await instance.ok('inspect', '-f', '{{.Id}}', 'same'))
  }
  assert.equal(ids.size, 1)
})

test('du shows what builds left, and prune frees it', { skip }, async () => {
  const directory = contexts.directory({
    'a.txt': 'x'.repeat(1234),
    Dockerfile: 'FROM box\nCOPY a.txt /\nRUN head -c 5000 /dev/zero >/zeros\n',
  })
  await inDirectory(directory, '-o', 'type=cacheonly')
  const usage = async (...filter: string[]): Promise<string> => instance.ok('buildx', 'du', '--verbose', ...filter)
  assert.match(await usage('--filter', 'type=source.local'), /Size: +1\.\d+kB\nDescription: +local source/)
  assert.match(await usage(), /Size: +5kB\nDescription: +RUN head/)
  await instance.ok('buildx', 'prune', '-f', '--filter', 'type=source.local')
  assert.doesNotMatch(await usage(), /source\.local/)
  assert.match(await usage(), /RUN head/)
  assert.match(await instance.ok('buildx', 'prune', '-f'), /Total:\s+\S+B$/)
  assert.doesNotMatch(await usage(), /RUN head/)
  await built({ Dockerfile: 'FROM box\nRUN --mount=type=cache,id=kept,target=/c head -c 7000 /dev/zero >/c/file\n' })
  assert.match(await usage('--filter', 'type=exec.cachemount'), /Size: +\d+(\.\d+)?kB\nDescription: +cached mount kept/)
  await instance.ok('buildx', 'prune', '-f', '--filter', 'type=exec.cachemount')
  assert.doesNotMatch(await usage(), /cachemount/)
  const { code, err } = await instance.docker('buildx', 'du', '--filter', 'nonsense=1')
  assert.equal(code, 1)
  assert.match(err, /invalid filter/)
})

test('--push brings the image to a registry, with what the client is logged in with', { skip }, async (t: TestContext) => {
  await using registry = new RegistryServer(await freePorts())
  if (!existsSync('/usr/bin/docker-registry')) return t.skip('docker-registry is not installed')
  writeFileSync(`${instance.home}/htpasswd`, passwords)
  await registry.start({ more: `auth: {htpasswd: {realm: here, path: ${instance.home}/htpasswd}}` })
  const name = `${registry.host}/pushed:1`
  const denied = await build(twoStages, '-t', name, '--push')
  assert.equal(denied.code, 1)
  assert.match(denied.err, /no basic auth credentials/)
  const login = await instance.command('docker', ['login', '-u', 'user', '--password-stdin', registry.host], { input: 'secret' })
  assert.equal(login.code, 0, login.err)
  const metadata = `${instance.home}/pushed.json`
  await built(twoStages, '-t', name, '--push', '--metadata-file', metadata)
  const { 'containerimage.digest': digest } = JSON.parse(readFileSync(metadata, 'utf8')) as Record<string, string>
  assert.match(await instance.ok('buildx', 'imagetools', 'inspect', name), new RegExp(`Digest: +${digest}`))
  await instance.ok('rmi', name)
  assert.match(await built({ Dockerfile: `FROM ${name}\nRUN cat /out.txt\n` }, '--no-cache'), /\d hi$/m)
  const [both, id] = [`${registry.host}/both:1`, `${instance.home}/both.id`]
  const scratch = { 'a.txt': 'a', Dockerfile: 'FROM scratch\nCOPY a.txt /\n' }
  await built(scratch, '--platform', 'linux/amd64,linux/arm64', '-t', both, '--push', '--iidfile', id)
  const inspected = await instance.ok('buildx', 'imagetools', 'inspect', both)
  for (const wanted of [`Digest: +${readFileSync(id, 'utf8')}`, 'Platform: +linux/amd64', 'Platform: +linux/arm64'])
    assert.match(inspected, new RegExp(wanted))
  const stored = await build(scratch, '--platform', 'linux/amd64,linux/arm64', '-t', 'both')
  assert.match(stored.err, /does not currently support exporting manifest lists/)
})

test('the history has builds and what they told, also after a restart of the daemon', { skip }, async () => {
  await built({ Dockerfile: 'FROM box\nRUN echo remembered\n' }, '--no-cache')
  await build({ Dockerfile: 'FROM box\nRUN exit 3\n' })
  instance.killDaemon()
  await instance.start()
  const list = JSON.parse(`[${(await instance.ok('buildx', 'history', 'ls', '--format', 'json')).split('\n').join(',')}]`) as {
    ref: string
    status: string
  }[]
  const refs = list.slice(0, 2).map(({ ref }) => ref.split('/').at(-1) ?? '')
  assert.deepEqual(
    list.slice(0, 2).map(({ status }) => status),
    ['Error', 'Completed'],
  )
  const logs = await instance.docker('buildx', 'history', 'logs', '--progress=plain', refs[1] ?? '')
  assert.match(logs.out + logs.err, /\d remembered$/m)
  await instance.ok('buildx', 'history', 'rm', refs[0] ?? '', refs[1] ?? '')
  assert.doesNotMatch(await instance.ok('buildx', 'history', 'ls'), new RegExp(refs.join('|')))
})

test('--check says what the rules find, without building; a build says the same beside its steps', { skip }, async () => {
  const directory = contexts.directory({ Dockerfile: 'FROM box AS One\nRUN false\nCMD echo hi\n' })
  const checked = await instance.docker('buildx', 'build', '--check', directory)
  assert.equal(checked.code, 1)
  assert.match(checked.out, /WARNING: StageNameCasing - https:[^\n]*\nStage name 'One' should be lowercase\n[^\n]*Dockerfile:1\n/)
  assert.match(checked.out, /WARNING: JSONArgsRecommended/)
  const good = contexts.directory({ Dockerfile: 'FROM box AS one\nCMD ["echo", "hi"]\n' })
  assert.match(await instance.ok('buildx', 'build', '--check', good), /Check complete, no warnings found/)
  const shown = await built({ Dockerfile: 'FROM box\nENV a b\n' })
  assert.match(shown, /1 warning found[^\n]*\n\S* - LegacyKeyValueFormat: [^\n]* \(line 2\)/)
  const strict = await build({ Dockerfile: '# check=error=true\nFROM box\nENV a b\n' })
  assert.equal(strict.code, 1)
  assert.match(strict.err, /lint violation found for rules: LegacyKeyValueFormat/)
})

test(
  'what BuildKit’s own tests hold: dockerfile in lowercase, TARGETSTAGE, proxies in both cases, scratch as a context',
  { skip },
  async () => {
    const stages = `FROM box AS first
RUN echo "<$TARGETSTAGE>"
FROM box AS second
ARG TARGETSTAGE
RUN echo "<$TARGETSTAGE> <$http_proxy> <$HTTP_PROXY>"
COPY --from=first /data/seed /
`
    const proxy = ['--build-arg', 'http_proxy=http://proxy:1']
    const shown = await built({ dockerfile: stages }, '--target', 'second', ...proxy)
    for (const line of ['<>', '<second> <http://proxy:1> <http://proxy:1>']) assert.ok(shown.includes(line), `${line} in ${shown}`)
    assert.match(await built({ Dockerfile: stages }, '--no-cache'), /<second> <> <>/)
    assert.match(await built({ Dockerfile: `${stages}FROM second\nCOPY --from=first /data/seed /\n` }), /<default> <> <>/)
    const deep = { Dockerfile: 'FROM box\nCOPY --parents src/**/*.txt /deep/\n', 'src/a/b/c.txt': 'c', 'src/d.txt': 'd', 'src/a/e.md': 'e' }
    await built(deep, '-t', 'deep')
    assert.equal(await contexts.shown('deep', 'cd /deep; find . -type f | sort | tr "\\n" " "'), './src/a/b/c.txt ./src/d.txt')
    const classic = await instance.command('docker', ['build', contexts.directory({ dockerfile: 'FROM box\n' })], {
      env: { DOCKER_BUILDKIT: '0' },
    })
    assert.equal(classic.code, 0, classic.err)
    await built({ Dockerfile: 'FROM named\nCOPY a /\n', a: 'a' }, '--build-context', 'named=docker-image://scratch', '-t', 'from-scratch')
    assert.equal(await instance.ok('inspect', '--format', '{{len .RootFS.Layers}}', 'from-scratch'), '1')
  },
)

test('what a check finds is told once, of however many platforms', { skip }, async () => {
  const shown = await built(
    { Dockerfile: 'FROM scratch\nMAINTAINER me\n' },
    '--platform',
    'linux/amd64,linux/arm64',
    '--output',
    'type=cacheonly',
  )
  assert.match(shown, /1 warning found/)
})

test('--add-host takes host-gateway for the host as a step reaches it', { skip }, async () => {
  const shown = await built({ Dockerfile: 'FROM box\nRUN cat /etc/hosts\n' }, '--no-cache', '--add-host', 'here:host-gateway')
  const gateway = await instance.ok('network', 'inspect', '--format', '{{(index .IPAM.Config 0).Gateway}}', 'bridge')
  assert.ok(shown.includes(`${gateway}\there`), shown)
})
