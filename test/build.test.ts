import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { test } from 'node:test'
import { BuildContexts, type Files } from './build-contexts.ts'
import { instanceWithBox } from './instance-with-box.ts'

const instance = instanceWithBox()
const contexts = new BuildContexts(instance)
const { build, built, shown } = contexts

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
  assert.equal(out.match(/Using cache/g)?.length, 3)
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

test('a failing command tells its exit code, and leaves no container where that is asked for', async () => {
  const { code, out, err } = await build({ Dockerfile: 'FROM box\nRUN echo before; exit 7\n' }, '--force-rm')
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
  assert.match((await build(files, '--target', 'nope')).err, /target stage "nope" could not be found$/m)
  assert.match((await build(files, '--target', 'bsae')).err, /target stage "bsae" could not be found \(did you mean base\?\)$/m)
})

test('stages that don’t need each other build at the same time', async () => {
  // Each waits for the other through a cache that both have.
  const half = (mine: string, other: string): string =>
    `RUN --mount=type=cache,target=/meet touch /meet/${mine}; for i in $(seq 1200); do [ -e /meet/${other} ] && exit 0; sleep 0.1; done; exit 1`
  await built({
    Dockerfile: `FROM box AS a\n${half('a', 'b')}\nFROM box AS b\n${half('b', 'a')}\nFROM box\nCOPY --from=a /etc/group /a\nCOPY --from=b /etc/group /b\n`,
  })
})

test('build arguments reach what declares them, and only there', async () => {
  const Dockerfile = `ARG BASE=nowhere
FROM \${BASE} AS one
ARG GIVEN=default
ARG KEPT=\${GIVEN}-kept
RUN echo "$GIVEN $KEPT $HIDDEN" >/args
FROM one AS two
ENV GIVEN=environment
RUN echo "$GIVEN $KEPT" >>/args
`
  const out = await built({ Dockerfile }, '-t', 'args', '--build-arg', 'BASE=box', '--build-arg', 'GIVEN=given', '--build-arg', 'NOBODY=x')
  assert.match(out, /^\[Warning\] One or more build-args \[NOBODY\] were not consumed$/m)
  assert.equal(await shown('args', 'cat /args'), 'given given-kept \nenvironment given-kept')
  assert.match(await built({ Dockerfile }, '--build-arg', 'BASE=box', '--build-arg', 'GIVEN=other'), /Running in/)
  const proxied = { Dockerfile: 'FROM box\nRUN echo "proxy $http_proxy" >/p\n' }
  await built(proxied, '-t', 'proxied', '--build-arg', 'http_proxy=http://user:word@proxy:1')
  assert.doesNotMatch(await instance.ok('history', '--no-trunc', 'proxied'), /word/)
  assert.match(await built(proxied, '--build-arg', 'http_proxy=http://other:2'), /Using cache/)
})

test('the image’s configuration is what the instructions say', async () => {
  const Dockerfile = `FROM box
LABEL a=1 "b c"="d e"
ENV X=1 PATH_TOO="$PATH:/x"
EXPOSE 80 90-91/udp
VOLUME ["/one"]
USER operator
WORKDIR /w
WORKDIR deeper
STOPSIGNAL SIGQUIT
SHELL ["/bin/sh", "-ec"]
HEALTHCHECK --interval=3s --retries=2 CMD wget localhost
CMD echo ready
ENTRYPOINT ["sh", "-c"]
ONBUILD COPY extra /extra
`
  await built({ Dockerfile }, '-t', 'configured', '--label', 'l=m')
  const config = JSON.parse(await instance.ok('inspect', '-f', '{{json .Config}}', 'configured')) as Record<string, unknown>
  assert.deepEqual(config['Labels'], { a: '1', 'b c': 'd e', l: 'm' })
  assert.deepEqual(config['ExposedPorts'], { '80/tcp': {}, '90/udp': {}, '91/udp': {} })
  assert.deepEqual(config['Healthcheck'], { Test: ['CMD-SHELL', 'wget localhost'], Interval: 3e9, Retries: 2 })
  assert.deepEqual(
    [config['Cmd'], config['Entrypoint']],
    [
      ['/bin/sh', '-ec', 'echo ready'],
      ['sh', '-c'],
    ],
  )
  assert.deepEqual([config['User'], config['WorkingDir'], config['StopSignal']], ['operator', '/w/deeper', 'SIGQUIT'])
  assert.deepEqual(config['OnBuild'], ['COPY extra /extra'])
  assert.equal(
    await instance.ok('run', '--rm', 'configured', 'stat -c %U /w/deeper; echo $PATH_TOO'),
    'operator\n/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/x',
  )
  const out = await built({ extra: 'more', Dockerfile: 'FROM configured\nENTRYPOINT ["cat"]\n' }, '-t', 'child')
  assert.match(out, /^# Executing 1 build trigger$/m)
  const child = JSON.parse(await instance.ok('inspect', '-f', '{{json .Config}}', 'child')) as Record<string, unknown>
  assert.deepEqual([child['OnBuild'] ?? null, child['Cmd'] ?? null], [null, null])
  assert.equal(await instance.ok('run', '--rm', 'child', '/extra'), 'more')
})

test('a trigger of the base image can copy from a stage that nothing else needs', async () => {
  await built({ Dockerfile: 'FROM box\nONBUILD COPY --from=made /made /made\n' }, '-t', 'onbuild')
  const out = await built({ Dockerfile: 'FROM box AS made\nRUN echo yes >/made\nFROM onbuild\nRUN cat /made\n' })
  assert.match(out, /^yes$/m)
})

test('a trigger has the heredocs below it, with what only looks like an end', async () => {
  const trigger = 'RUN <<EOF\necho one >/lines\necho " EOF" >>/lines\nEOF'
  await built({ Dockerfile: `FROM box\nONBUILD ${trigger}\nONBUILD COPY <<-a <<b /inline/\n\tfirst\na\nsecond\nb\n` }, '-t', 'inline-base')
  assert.deepEqual(JSON.parse(await instance.ok('inspect', '-f', '{{json .Config.OnBuild}}', 'inline-base')), [
    trigger,
    'COPY <<-a <<b /inline/\nfirst\na\nsecond\nb',
  ])
  await built({ Dockerfile: 'FROM inline-base\n' }, '-t', 'inline-child')
  assert.equal(await instance.ok('run', '--rm', 'inline-child', 'sh', '-c', 'cat /lines /inline/a /inline/b'), 'one\n EOF\nfirst\nsecond')
})

test('only the health check changed: the files come from the cache, the check does not', async () => {
  const files = (test: string): Files => ({ Dockerfile: `FROM box\nRUN echo once >/x\nHEALTHCHECK CMD ${test}\n` })
  await built(files('true'), '-t', 'sound')
  assert.match(await built(files('false'), '-t', 'sound'), /Using cache/)
  assert.equal(await instance.ok('inspect', '-f', '{{.Config.Healthcheck.Test}}', 'sound'), '[CMD-SHELL false]')
})

test('a cache mount lasts from build to build and is in no layer; other mounts leave nothing', async () => {
  const files = (salt: string): Files => ({
    'from/context': 'bound\n',
    Dockerfile: `FROM box
RUN --mount=type=cache,target=/deep/cache echo ${salt} >>/deep/cache/list; cp /deep/cache/list /list
RUN --mount=type=bind,source=from,target=/mnt/here,rw --mount=type=tmpfs,target=/quick cat /mnt/here/context >/got; echo x >/mnt/here/new; echo x >/quick/y
`,
  })
  await built(files('one'))
  await built(files('two'), '-t', 'mounted')
  assert.equal(await shown('mounted', 'cat /list /got; ls -d /deep /mnt /quick 2>&1 | grep -c No'), 'one\ntwo\nbound\n3')
})

test('a container of a step has the engine’s profile, the network that was asked for, and no more', async () => {
  const out = await built({
    Dockerfile: 'FROM box\nRUN --network=none ls /sys/class/net | wc -l; grep -E "CapEff|Seccomp:" /proc/self/status\n',
  })
  assert.match(out, /^1\n.*CapEff:\t00000000a80425fb\nSeccomp:\t2$/ms)
  assert.match((await build({ Dockerfile: 'FROM box\nRUN --network=host true\n' })).err, /network\.host is not allowed/)
  assert.match((await build({ Dockerfile: 'FROM box\nRUN --security=insecure true\n' })).err, /security\.insecure is not allowed/)
})

test('what Galley does not do is refused by name', async () => {
  const file = { Dockerfile: 'FROM box\n' }
  assert.match((await build(file, '--squash')).err, /squash/)
  assert.match(
    (await build({ Dockerfile: '# syntax=example.com/f:1\nFROM box\n' })).err,
    /syntax "example.com\/f:1" is not implemented by Galley/,
  )
  assert.match((await build(file, '-f', 'nowhere')).err, /nowhere/)
})

test('--cache-from takes an image that is here by its history, without asking a registry', async () => {
  const files = {
    'a.txt': 'a\n',
    Dockerfile: 'FROM box\nENV A=b\nRUN date +%s%N >/when; echo ran\nUSER operator\nUSER root\nRUN id -u; date +%N >/tmp/x\nCOPY a.txt /\n',
  }
  let asked = 0
  await using registry = createServer((socket) => {
    asked++
    socket.destroy()
  }).listen(0, '127.0.0.1')
  await once(registry, 'listening')
  const before = `127.0.0.1:${(registry.address() as AddressInfo).port}/before`
  await built(files, '-t', before)
  const when = await shown(before, 'cat /when /tmp/x')
  await instance.ok('builder', 'prune', '-af')
  const out = await built(files, '-t', 'after', '--cache-from', before)
  assert.equal(asked, 0)
  assert.doesNotMatch(out, /^ran$|Warning/m)
  assert.match(out, /^Step 3\/7 : RUN .*\n ---> Using cache$/m)
  assert.equal(await shown('after', 'cat /when /tmp/x'), when)
  await instance.ok('builder', 'prune', '-af')
  const changed = { ...files, Dockerfile: files.Dockerfile.replace('A=b', 'A=c') }
  assert.match(await built(changed, '--cache-from', before), /^ran$/m)
  await instance.ok('rmi', before, 'after')
})

test('with --cache-from, nothing comes from the cache but what the named images were made of', async () => {
  const files = { 'a.txt': 'a\n', Dockerfile: 'FROM box\nENV FOO=bar\nRUN echo baz >/baz\nCOPY a.txt /\nRUN echo bax >/bax\n' }
  const other = { ...files, Dockerfile: files.Dockerfile.replace('bax >', 'other >') }
  const cached = (out: string): number => out.match(/Using cache/g)?.length ?? 0
  await built(files, '-t', 'made')
  await built(other, '-t', 'other')
  assert.equal(cached(await built(files, '--cache-from', 'made')), 4)
  assert.equal(cached(await built(files, '--cache-from', 'other')), 3)
  assert.equal(cached(await built(files, '--cache-from', 'other', '--cache-from', 'made')), 4)
  assert.equal(cached(await built(files, '--cache-from', 'localhost:1/nothing')), 0)
  // What was made in a build like that is as good as any other afterwards.
  assert.equal(cached(await built(files)), 4)
  await instance.ok('rmi', 'made', 'other')
})

test('prune forgets steps and frees what only they kept', async () => {
  const files = { Dockerfile: 'FROM box\nRUN head -c 1000000 /dev/zero >/big\n' }
  await built(files, '-t', 'pruned')
  await instance.ok('rmi', 'pruned')
  assert.match(await built(files), /Using cache/)
  await instance.ok('image', 'prune', '-f')
  assert.match(await instance.ok('builder', 'prune', '-af'), /Total reclaimed space: [1-9][\d.]*MB/)
  assert.match(await built(files), /Running in/)
})

test('a client that goes away stops its build; so does kill -9 of the daemon, and nothing is left', async () => {
  const slow = { Dockerfile: 'FROM box\nRUN echo started; sleep 1000\n' }
  const running = async (): Promise<string> => instance.ok('ps', '-q')
  const leaves = new AbortController()
  const client = instance.command('docker', ['build', contexts.directory(slow)], { signal: leaves.signal })
  await instance.until(running, (ids) => ids !== '')
  leaves.abort()
  await client
  await instance.until(running, (ids) => ids === '')
  const second = build(slow)
  await instance.until(running, (ids) => ids !== '')
  instance.killDaemon()
  await second
  await instance.start()
  await instance.until(running, (ids) => ids === '')
  await instance.until(
    () => readdirSync(`${instance.data}/build/work`),
    (left) => left.length === 0,
  )
  assert.equal(await instance.ok('ps', '-aq'), '')
})
