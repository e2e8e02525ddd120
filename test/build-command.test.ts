import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { createServer, type AddressInfo } from 'node:net'
import { test } from 'node:test'
import { BuildContexts, type Files } from './build-contexts.ts'
import type { Given, Outcome } from './instance.ts'
import { instanceWithBox } from './instance-with-box.ts'
import { usePlugins } from './plugins.ts'

/** `galley build` of one image, beside buildx where that can be had. */
const instance = instanceWithBox()
const contexts = new BuildContexts(instance)
const available = await usePlugins(instance, 'docker-buildx')
const skip = available ? false : 'no suite that has buildx can be reached'

const galley = (args: readonly string[], given?: Given): Promise<Outcome> => instance.command('./galley', ['build', ...args], given)

/** A failure fails the test; resolves with the progress. */
async function built(files: Files, ...options: string[]): Promise<string> {
  const { code, out, err } = await galley([...options, contexts.directory(files)])
  assert.equal(code, 0, err + out)
  return err
}

const idOf = (image: string): Promise<string> => instance.ok('inspect', '-f', '{{.Id}}', image)

const twoStages = {
  'a.txt': 'hi\n',
  'src/deep/b.txt': 'deep\n',
  'src/left.out': 'x',
  '.dockerignore': '**/*.out\n',
  Dockerfile: `FROM box AS builder
WORKDIR /src
COPY a.txt .
COPY src /src/src
RUN echo to stdout; echo to stderr >&2; find /src -type f > /out.txt
FROM box
COPY --from=builder /out.txt /
ENV A=b
CMD ["cat", "/out.txt"]
`,
}

test('an image is built, and each step is told as users of BuildKit know it', async () => {
  const shown = await built(twoStages, '-t', 'one', '-t', 'one:too')
  for (const line of [
    '[internal] load build definition from Dockerfile',
    '[internal] load build context',
    '[builder 3/5] COPY a.txt .',
    '[stage-1 2/2] COPY --from=builder /out.txt /',
    'naming to docker.io/library/one:too',
  ])
    assert.ok(shown.includes(line), `${line} in\n${shown}`)
  assert.match(shown, /^#\d+ \d+\.\d+ to stdout$/m)
  assert.match(shown, /^#\d+ \d+\.\d+ to stderr$/m)
  assert.equal(await instance.ok('run', '--rm', 'one'), '/src/src/deep/b.txt\n/src/a.txt')
  assert.equal(await idOf('one:too'), await idOf('one'))
})

test('a Dockerfile is read as it is, also a large one beside ignore files', async () => {
  const filler = `# ${'x'.repeat(76)}\n`.repeat(4000)
  const files = {
    'a.txt': 'a\n',
    'b.txt': 'b\n',
    '.dockerignore': 'a.txt\n',
    Dockerfile: `FROM box\nCOPY . /all/\n${filler}RUN ls /all >/list\n`,
  }
  await built(files, '-t', 'large')
  assert.equal(await instance.ok('run', '--rm', 'large', 'cat', '/list'), 'Dockerfile\nb.txt')
})

test('buildx and galley build make the same image of the same files, each from what the other left in the cache', { skip }, async () => {
  const directory = contexts.directory({
    ...twoStages,
    'run.sh': { text: '#!/bin/sh\n', mode: 0o755 },
    Dockerfile: `${twoStages.Dockerfile}COPY . /all/\nRUN echo parity\n`,
  })
  spawnSync('ln', ['-s', 'a.txt', `${directory}/link`])
  const buildx = (tag: string): Promise<Outcome> =>
    instance.docker('buildx', 'build', '--progress=plain', '-t', tag, '--label', 'a=b', directory)
  const own = (tag: string): Promise<Outcome> => galley(['-t', tag, '--label', 'a=b', directory])
  assert.equal((await own('mine')).code, 0)
  const second = await buildx('theirs')
  assert.match(second.err, /RUN echo parity\n#\d+ CACHED/)
  assert.equal(await idOf('theirs'), await idOf('mine'))
  writeFileSync(`${directory}/a.txt`, 'other\n')
  assert.match((await buildx('theirs')).err, /RUN echo parity\n#\d+ \d+\.\d+ parity\n#\d+ DONE/)
  assert.match((await own('mine')).err, /RUN echo parity\n#\d+ CACHED/)
  assert.equal(await idOf('theirs'), await idOf('mine'))
})

test('a changed file is noticed, one that is only touched is not, and what the ignore file names counts for nothing', async () => {
  const directory = contexts.directory(twoStages)
  const build = async (): Promise<string> => (await galley([directory])).err
  await build()
  assert.match(await build(), /COPY src \/src\/src\n#\d+ CACHED/)
  writeFileSync(`${directory}/src/left.out`, 'other')
  writeFileSync(`${directory}/src/deep/b.txt`, 'deep\n')
  assert.match(await build(), /COPY src \/src\/src\n#\d+ CACHED/)
  writeFileSync(`${directory}/src/deep/b.txt`, 'changed\n')
  assert.match(await build(), /COPY src \/src\/src\n#\d+ DONE/)
})

test('only what the steps take is read, over links inside the context too', async () => {
  const directory = contexts.directory({
    'real/one.txt': '1',
    'real/two.txt': '2',
    'unused/big': 'x'.repeat(100_000),
    Dockerfile: 'FROM box\nCOPY link/o*.txt /\nCOPY direct /\nRUN test $(cat /one.txt /two.txt) = 12 && echo both\n',
  })
  spawnSync('ln', ['-s', 'real', `${directory}/link`])
  spawnSync('ln', ['-s', 'real/two.txt', `${directory}/direct`])
  const { code, err } = await galley([directory])
  // A link at the end keeps its own name.
  assert.equal(code, 1, err)
  const sent = Number(/transferring context: (\d+)B /.exec(err)?.[1])
  assert.ok(sent > 0 && sent < 100, err)
  writeFileSync(
    `${directory}/Dockerfile`,
    'FROM box\nCOPY link/o*.txt /\nCOPY direct /\nRUN test $(cat /one.txt /direct) = 12 && echo both\n',
  )
  const again = await galley([directory])
  assert.equal(again.code, 0, again.err)
})

test('a Dockerfile or a whole context comes over standard input', async () => {
  const directory = contexts.directory({ 'a.txt': 'there\n', 'sub/Dockerfile.other': 'FROM box\nCOPY a.txt /other\n' })
  const piped = await galley(['-t', 'piped', '-f', '-', directory], { input: 'FROM box\nCOPY a.txt /\n' })
  assert.equal(piped.code, 0, piped.err)
  assert.equal(await instance.ok('run', '--rm', 'piped', 'cat', '/a.txt'), 'there')
  const alone = await galley(['-t', 'alone', '-'], { input: 'FROM box\nRUN echo alone > /alone\n' })
  assert.equal(alone.code, 0, alone.err)
  const tar = spawnSync('tar', ['-cz', '-C', directory, '.'])
  const whole = await galley(['-t', 'whole', '-f', 'sub/Dockerfile.other', '-'], { input: tar.stdout })
  assert.equal(whole.code, 0, whole.err)
  assert.equal(await instance.ok('run', '--rm', 'whole', 'cat', '/other'), 'there')
  const elsewhere = await galley(['-t', 'elsewhere', '-f', `${directory}/sub/Dockerfile.other`, directory])
  assert.equal(elsewhere.code, 0, elsewhere.err)
  const both = await galley(['-f', '-', '-'], { input: 'FROM box\n' })
  assert.equal(both.code, 2)
})

test('a context comes from an address, with a Dockerfile of its own or one from standard input', async () => {
  const directory = contexts.directory({ 'a.txt': 'from afar\n', Dockerfile: 'FROM box\nCOPY a.txt /own\n' })
  const { stdout } = spawnSync('tar', ['-c', '-C', directory, '.'])
  await using server = createHttpServer((_, response) => response.end(stdout)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/context.tar`
  assert.equal((await galley(['-t', 'afar', address])).code, 0)
  assert.equal(await instance.ok('run', '--rm', 'afar', 'cat', '/own'), 'from afar')
  const piped = await galley(['-t', 'afar', '-f', '-', address], { input: 'FROM box\nCOPY a.txt /piped\n' })
  assert.equal(piped.code, 0, piped.err)
  assert.equal(await instance.ok('run', '--rm', 'afar', 'cat', '/piped'), 'from afar')
})

test('secrets reach the step that mounts them, and nothing else', async () => {
  const directory = contexts.directory({
    'token.txt': 'from-a-file',
    '.dockerignore': 'token.txt\n',
    Dockerfile: `FROM box
RUN --mount=type=secret,id=file test "$(wc -c < /run/secrets/file)" = 11
RUN --mount=type=secret,id=variable,env=SECRET echo "$SECRET" | grep -q "^from-a-va[a-z]*$" && echo seen
RUN test ! -e /run/secrets/file
`,
  })
  const { code, out, err } = await galley(
    [
      '-t',
      'secretive',
      '--progress=rawjson',
      '--secret',
      `id=file,src=${directory}/token.txt`,
      '--secret',
      'id=variable,env=WORD',
      directory,
    ],
    { env: { WORD: 'from-a-variable' } },
  )
  assert.equal(code, 0, err)
  const image = await instance.command('docker', ['save', 'secretive'], {})
  const daemon = await instance.command('grep', ['-rlE', 'from-a-(file|variable)', `${instance.data}`, `${instance.run}/daemon.log`])
  for (const text of [out, err, image.out]) assert.ok(!/from-a-(file|variable)/.test(text))
  assert.equal(daemon.out, '')
  const missing = await galley(['--secret', 'id=file,src=/nowhere', directory])
  assert.match(missing.err, /--secret: \/nowhere can't be read \(ENOENT\)/)
})

test('an agent answers in a step that mounts it', async () => {
  const socket = `${instance.home}/agent.sock`
  // 12 is the agent protocol's SSH_AGENT_IDENTITIES_ANSWER: no keys.
  const agent = createServer((client) => client.on('data', () => client.end(Buffer.from([0, 0, 0, 5, 12, 0, 0, 0, 0])))).listen(socket)
  try {
    const shown = await built(
      { Dockerfile: 'FROM box\nRUN --mount=type=ssh test -S "$SSH_AUTH_SOCK" && echo there is one\nRUN test -z "$SSH_AUTH_SOCK"\n' },
      '--ssh',
      `default=${socket}`,
    )
    assert.match(shown, /\d there is one$/m)
  } finally {
    agent.close()
  }
})

test('keys in files get an agent for as long as the build', async (t) => {
  if (!existsSync('/usr/bin/ssh-add')) return t.skip('openssh-client is not installed')
  const key = `${instance.home}/key`
  await instance.command('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'a-key-of-the-test', '-f', key])
  const agents = async (): Promise<string> => (await instance.command('pgrep', ['-fa', 'ssh-agent -D -a .*galley-ssh-'])).out
  const libraries = (await instance.command('ldd', ['/usr/bin/ssh-add'])).out.match(/\/\S+/g) ?? []
  const directory = contexts.directory({ Dockerfile: 'FROM box\nCOPY root /\nRUN --mount=type=ssh ssh-add -l\n' })
  await instance.command('sh', ['-c', `mkdir root && cp --parents -L /usr/bin/ssh-add ${libraries.join(' ')} root`], { cwd: directory })
  const { code, err } = await galley(['--ssh', `default=${key}`, directory])
  assert.equal(code, 0, err)
  assert.match(err, /256 SHA256:\S+ a-key-of-the-test/)
  const gone = (): Promise<string> => instance.until(agents, (found) => found === '')
  await gone()
  const refused = await galley(['--ssh', 'default=/etc/hostname', directory])
  assert.match(refused.err, /--ssh default: ssh-add takes no key from \/etc\/hostname/)
  await gone()
})

test('the proxies that docker is configured with are build arguments, which none that is given loses to', async () => {
  const config = `${instance.home}/with-proxies`
  mkdirSync(config)
  writeFileSync(
    `${config}/config.json`,
    JSON.stringify({ proxies: { default: { httpProxy: 'http://proxy.test:3128', noProxy: 'a.test' } } }),
  )
  const directory = contexts.directory({ Dockerfile: 'FROM box\nRUN echo "<$http_proxy> <$HTTP_PROXY> <$no_proxy>"\n' })
  const { code, err } = await galley(['--build-arg', 'no_proxy=b.test', directory], { env: { DOCKER_CONFIG: config } })
  assert.equal(code, 0, err)
  assert.match(err, /<http:\/\/proxy.test:3128> <http:\/\/proxy.test:3128> <b.test>/)
})

test('--explain tells the docker command that builds the same', async () => {
  const { out } = await galley(['--explain', '-t', 'x', '--secret', 'id=a,src=b c', '--progress=json', '--debug', '.'])
  assert.equal(out, "docker buildx build --progress rawjson --tag x --secret 'id=a,src=b c' .\n# docker buildx has nothing for --debug\n")
})

test('other contexts: directories, images and layouts', async () => {
  const other = contexts.directory({ 'o.txt': 'other\n' })
  const layout = `${instance.home}/basis`
  assert.equal(
    (
      await galley([
        '-t',
        'latest',
        '-o',
        `type=oci,tar=false,dest=${layout}`,
        contexts.directory({ Dockerfile: 'FROM box\nRUN echo basis > /basis\n' }),
      ])
    ).code,
    0,
  )
  const shown = await built(
    { Dockerfile: 'FROM basis\nCOPY --from=files o.txt /\nCOPY --from=image /data/seed /\nRUN cat /basis /o.txt /seed\n' },
    '--build-context',
    `files=${other}`,
    '--build-context',
    'image=docker-image://box',
    '--build-context',
    `basis=oci-layout://${layout}`,
  )
  assert.match(shown, /\d basis\n#\d+ \d+\.\d+ other\n#\d+ \d+\.\d+ from the image/)
})

test('arguments, limits and hosts reach the steps', async () => {
  const { code, err } = await galley(
    [
      '--build-arg',
      'A=given',
      '--build-arg',
      'B',
      '--build-arg',
      'C',
      '--add-host',
      'peer:10.1.2.3',
      '--shm-size',
      '8m',
      '--ulimit',
      'nofile=77:88',
      '--network',
      'none',
      contexts.directory({
        Dockerfile:
          'FROM box\nARG A\nARG B\nARG C=c\nRUN echo "$A $B $C"; grep peer /etc/hosts; ulimit -n; df -k /dev/shm 2>&1 | tail -n 1; ls /sys/class/net\n',
      }),
    ],
    { env: { B: 'of-the-environment' } },
  )
  assert.equal(code, 0, err)
  assert.match(err, /given of-the-environment c/)
  assert.match(err, /10\.1\.2\.3\s+peer/)
  assert.match(err, /\d 77$/m)
  assert.match(err, /^#\d+ \d+\.\d+ lo$/m)
  assert.doesNotMatch(err, /eth0/)
})

test('a cache that is left in a directory is taken from there', async () => {
  const files = { Dockerfile: 'FROM box\nRUN echo cached-elsewhere > /c\n' }
  const cache = `${instance.home}/cache`
  await built(files, '--cache-to', `type=local,dest=${cache},mode=max`)
  assert.ok(existsSync(`${cache}/index.json`))
  assert.equal((await instance.docker('builder', 'prune', '-af')).code, 0)
  const shown = await built(files, '--cache-from', `type=local,src=${cache}`)
  assert.match(shown, /RUN echo cached-elsewhere > \/c\n#\d+ CACHED/)
})

test('a failure shows what was printed, the place, and why', async () => {
  const failed = await galley([contexts.directory({ Dockerfile: 'FROM box\nRUN echo before the end; \\\n  exit 3\nRUN true\n' })])
  assert.equal(failed.code, 1)
  assert.match(
    failed.err,
    /------\n > \[2\/3\] RUN echo before the end;.*:\n\d+\.\d+ before the end\n------\nDockerfile:2\n-{20}\n +1 \| {5}FROM box\n +2 \| >>> RUN echo/,
  )
  assert.match(
    failed.err,
    /galley: failed to build: process "\/bin\/sh -c echo before the end;.*exit 3" did not complete successfully: exit code: 3\nmore: galley explain build.step-failed\n$/s,
  )
  const mistaken = await galley([contexts.directory({ Dockerfile: 'FROM box\nRUN true\nCOPPY a b\n' })])
  assert.equal(mistaken.code, 1)
  assert.match(mistaken.err, / 3 \| >>> COPPY a b\n {5}\| {5}\^{5}\n/)
  assert.match(mistaken.err, /unknown instruction: COPPY \(did you mean COPY\?\)/)
  const missing = await galley([`${instance.home}/nowhere`])
  assert.equal(missing.code, 3)
  assert.match(missing.err, /nowhere is not there/)
  const bare = await galley([contexts.directory({ 'a.txt': '' })])
  assert.match(bare.err, /there is no Dockerfile in/)
})

test('a failure says what may be meant: a file, a stage, an argument without a value', async () => {
  const files = { 'src/main.c': '', 'src/left.out': '', '.dockerignore': '# made\n**/*.out\n' }
  const failed = async (Dockerfile: string): Promise<string> => (await galley([contexts.directory({ ...files, Dockerfile })])).err
  assert.match(await failed('FROM box\nCOPY src/mian.c /\n'), /stat src\/mian\.c: file does not exist\nDid you mean src\/main\.c\?\nmore: /)
  assert.match(await failed('FROM box\nCOPY nothing.like /\n'), /stat nothing\.like: file does not exist\nmore: /)
  assert.match(await failed('FROM box\nCOPY src/left.out /\n'), /\n\.dockerignore:2 keeps it out of the build: \*\*\/\*\.out\nmore: /)
  assert.match(await failed('FROM box AS compile\nFROM box\nCOPY --from=complie /a /b\n'), /\nDid you mean the stage compile\?\nmore: /)
  assert.match(await failed('FROM box AS compile\nFROM complie\nRUN true\n'), /\nDid you mean the stage compile\?\nmore: /)
  assert.match(
    await failed('FROM box:$TAG\n'),
    /- UndefinedArgInFrom: .*failed to parse stage name "box:": invalid reference format\nVariables of FROM .*: box:\$TAG\nmore: /s,
  )
})

test('--check says what the rules find, with the exit codes of buildx', { skip }, async () => {
  const sound = contexts.directory({ Dockerfile: 'FROM box\n' })
  const doubtful = contexts.directory({ Dockerfile: 'FROM box AS Upper\nCMD echo x\n' })
  const broken = contexts.directory({ Dockerfile: 'FROM box\nRUNN x\n' })
  for (const directory of [sound, doubtful, broken]) {
    const own = await galley(['--check', directory])
    const theirs = await instance.docker('buildx', 'build', '--check', directory)
    assert.equal(own.code, theirs.code, own.err + own.out + theirs.err)
    for (const [rule] of theirs.out.matchAll(/^WARNING: \w+/gm)) assert.ok(own.out.includes(rule), own.out)
  }
  assert.match((await galley(['--check', doubtful])).out, /Check complete, 2 warnings have been found!\n\nWARNING: /)
  assert.match((await galley(['--check', sound])).out, /^Check complete, no warnings found\.\n$/)
  assert.match((await galley(['--call', 'targets', doubtful])).out, /upper \(default\) +box/)
  assert.match((await galley(['--call', 'nothing', sound])).err, /not implemented/)
  assert.deepEqual(
    await instance.ok('images', '-q', '--filter', 'dangling=true'),
    await instance.ok('images', '-q', '--filter', 'dangling=true'),
  )
})

test('what there is to know of the result is written down, and told to programs', async () => {
  const directory = contexts.directory({ Dockerfile: 'FROM box\nRUN echo to be told\n' })
  const at = (name: string): string => `${instance.home}/${name}`
  const { out, code } = await galley(['-q', '-t', 'known', '--iidfile', at('iid'), '--metadata-file', at('metadata'), directory])
  const id = await idOf('known')
  assert.deepEqual([code, out, readFileSync(at('iid'), 'utf8')], [0, `${id}\n`, id])
  const metadata = JSON.parse(readFileSync(at('metadata'), 'utf8')) as Record<string, string>
  assert.deepEqual([metadata['containerimage.config.digest'], metadata['image.name']], [id, 'docker.io/library/known:latest'])
  const told = (await galley(['--progress=json', '--no-cache', directory])).out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { type: string; status?: { logs?: { data: string }[] } })
  assert.equal(told.at(-1)?.type, 'end')
  assert.ok(told.some(({ status }) => status?.logs?.some(({ data }) => Buffer.from(data, 'base64').toString() === 'to be told\n')))
})

test('rawjson is what buildx writes', { skip }, async () => {
  const directory = contexts.directory({ Dockerfile: 'FROM box\nCOPY Dockerfile /\nRUN echo raw\n' })
  const shapes = ({ err }: Outcome): Set<string> =>
    new Set(
      err
        .trim()
        .split('\n')
        .flatMap((line) =>
          Object.entries(JSON.parse(line) as Record<string, object[]>).flatMap(([kind, all]) =>
            all.flatMap((each) => Object.entries(each).map(([key, value]) => `${kind}.${key} ${typeof value}`)),
          ),
        ),
    )
  const own = shapes(await galley(['--progress=rawjson', '--no-cache', directory]))
  const theirs = shapes(await instance.docker('buildx', 'build', '--progress=rawjson', '--no-cache', directory))
  assert.deepEqual(
    [...own].filter((shape) => !theirs.has(shape)),
    [],
  )
  assert.ok(own.has('logs.data string') && own.has('vertexes.started string'), [...own].join('\n'))
})

test('of a project, services are built as ever, and paths as images', async () => {
  const directory = contexts.directory({
    'compose.yaml': 'name: mixed\nservices:\n  web:\n    build: ./web\n  other:\n    build: ./other\n',
    'web/Dockerfile': 'FROM box\nRUN echo web\n',
    'other/Dockerfile': 'FROM box\nRUN echo other\n',
  })
  const here = { cwd: directory, env: { PATH: `${process.cwd()}:${process.env['PATH']}` } }
  const build = (...args: string[]): Promise<Outcome> => instance.command(`${process.cwd()}/galley`, ['build', ...args], here)
  assert.equal((await build('web')).code, 0)
  assert.equal((await instance.docker('inspect', 'mixed-web')).code, 0)
  assert.notEqual((await instance.docker('inspect', 'mixed-other')).code, 0)
  assert.equal((await build('./other', '-t', 'apart')).code, 0)
  assert.equal((await instance.docker('inspect', 'apart')).code, 0)
  assert.notEqual((await instance.docker('inspect', 'mixed-other')).code, 0)
  const project = await build()
  assert.equal(project.code, 0, project.err)
  assert.equal((await instance.docker('inspect', 'mixed-other')).code, 0)
  const confused = await build('-t', 'x')
  assert.equal(confused.code, 2)
  assert.match(confused.err, /with --tag, galley build takes one path/)
  assert.equal((await instance.command(`${process.cwd()}/galley`, ['compose', 'build', 'web'], here)).code, 0)
})

test('what is not implemented is refused by name', async () => {
  const directory = contexts.directory({ Dockerfile: 'FROM box\n' })
  for (const [option, name] of [['--call=convertllb', 'frontend.convertllb']] as const) {
    const { code, err } = await galley([option, directory])
    assert.notEqual(code, 0)
    assert.ok(err.includes(name) && err.includes('not implemented by Galley'), err)
  }
  assert.equal((await galley(['--provenance=false', '--load=true', '--pull=false', directory])).code, 0)
})

test('a client that is killed ends its build', async () => {
  const directory = contexts.directory({ Dockerfile: 'FROM box\nRUN echo begun; sleep 1000\n' })
  const leaves = new AbortController()
  const client = galley([directory], { signal: leaves.signal })
  await instance.until(
    () => instance.ok('ps', '-q'),
    (ids) => ids !== '',
  )
  leaves.abort()
  await client
  await instance.until(
    () => instance.ok('ps', '-aq'),
    (ids) => ids === '',
  )
})
