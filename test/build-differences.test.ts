import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { utimesSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { BuildContexts, type Files } from './build-contexts.ts'
import type { Outcome } from './instance.ts'
import { instanceWithBox } from './instance-with-box.ts'

/** Where the same Dockerfile came out otherwise beside BuildKit (docker 28.5, by one buildx). `docker build` is the classic builder here. */
const instance = instanceWithBox()
const contexts = new BuildContexts(instance)
const { shown } = contexts

const build = (directory: string, ...options: string[]): Promise<Outcome> => instance.command('./galley', ['build', ...options, directory])

async function built(files: Files, ...options: string[]): Promise<void> {
  const { code, out, err } = await build(contexts.directory(files), ...options)
  assert.equal(code, 0, err + out)
}

async function refused(lines: string, files: Files = {}): Promise<string> {
  const { code, err } = await build(contexts.directory({ ...files, Dockerfile: `FROM box\n${lines}\n` }))
  assert.notEqual(code, 0)
  return err
}

const texts = { 'a.txt': 'a\n', 'b.txt': 'b\n', 'dir/c.txt': 'c\n', 'dir/sub/d.txt': 'd\n' }

test('a pattern may stand for nothing, several sources go into what is a directory already, and the context is its own parent', async () => {
  const Dockerfile = `FROM box
RUN mkdir /there
COPY *.none /nothing/
COPY a.txt *.none /some/
COPY a.txt b.txt /there
COPY a.txt b.txt /last
COPY ../a.txt /above
`
  await built({ ...texts, Dockerfile }, '-t', 'many')
  const all = 'cd /; find nothing some there last above -type f 2>/dev/null | sort | tr "\\n" " "; cat last'
  assert.equal(await shown('many', all), 'above last some/a.txt there/a.txt there/b.txt b')
})

test('the classic builder refuses these, and lets one of several patterns stand for nothing', async () => {
  const classic = async (line: string): Promise<string> => (await contexts.build({ ...texts, Dockerfile: `FROM box\n${line}\n` })).err
  assert.match(await classic('COPY *.none /x/'), /COPY failed: no source files were specified/)
  assert.match(await classic('COPY a.txt b.txt /x'), /with more than one source file/)
  assert.match(await classic('COPY ../a.txt /x'), /forbidden path outside the build context/)
  assert.equal(await classic('COPY a.txt *.none /x/'), '')
})

test('a link where a copied file goes is replaced, not followed; one that the destination itself is, is followed', async () => {
  const Dockerfile = `FROM box
RUN mkdir /d && echo old >/real && ln -s /real /d/a.txt && ln -s /real /named
COPY a.txt /d/
COPY b.txt /named
`
  await built({ ...texts, Dockerfile }, '-t', 'links')
  assert.equal(await shown('links', 'test -h /d/a.txt || echo file; cat /d/a.txt; test -h /named && cat /real'), 'file\na\nb')
})

test('copied directories keep their times, with the files in them linked from the context or copied', async () => {
  const Dockerfile = 'FROM box\nRUN mkdir /old\nCOPY dir /new\nCOPY dir /old/\nCOPY --chown=1:1 dir /copied\nCOPY --chmod=700 dir /moded\n'
  const directory = contexts.directory({ ...texts, Dockerfile })
  const time = new Date('2020-02-02T02:02:02Z')
  for (const path of ['dir/sub', 'dir']) utimesSync(`${directory}/${path}`, time, time)
  assert.equal((await build(directory, '-t', 'times')).code, 0)
  const paths = ['/new', '/new/sub', '/old', '/old/sub', '/copied', '/copied/sub', '/moded', '/moded/sub']
  const stats = await shown('times', `stat -c '%n %Y %a' ${paths.join(' ')}`)
  const seconds = time.getTime() / 1000
  assert.deepEqual(
    stats.split('\n'),
    paths.map((path) => `${path} ${seconds} ${path.startsWith('/moded') ? 700 : 755}`),
  )
})

test('an owner by name brings the group of its own, and a variable’s value counts, in the cache as in the history', async () => {
  const Dockerfile = `FROM box
RUN printf 'root:x:0:0::/:/bin/sh\\nbob:x:1000:1001::/:/bin/sh\\n' >/etc/passwd
ARG MODE
ARG WHO
COPY --chown=$WHO --chmod=$MODE a.txt /f
`
  const with_ = (mode: string, who: string): string[] => ['--build-arg', `MODE=${mode}`, '--build-arg', `WHO=${who}`]
  await built({ ...texts, Dockerfile }, '-t', 'owned', ...with_('640', 'bob'))
  assert.equal(await shown('owned', 'stat -c "%u:%g %a" /f'), '1000:1001 640')
  await built({ ...texts, Dockerfile }, '-t', 'owned', ...with_('600', '1000'))
  assert.equal(await shown('owned', 'stat -c "%u:%g %a" /f'), '1000:1000 600')
  assert.match(
    await instance.ok('history', '--no-trunc', '--format', '{{.CreatedBy}}', 'owned'),
    /COPY --chown=1000 --chmod=600 a\.txt \/f/,
  )
})

test('what only begins like an archive is copied by ADD, and a tar from before POSIX is unpacked', async () => {
  const old = Buffer.alloc(2048)
  old.write('member')
  for (const [at, value] of [
    [100, '0000644\0'],
    [108, '0000000\0'],
    [116, '0000000\0'],
    [124, '00000000003\0'],
    [136, '07346545000\0'],
    [148, '        '],
  ] as const)
    old.write(value, at, 'latin1')
  old.write('old', 512)
  const sum = old.subarray(0, 512).reduce((total, byte) => total + byte, 0)
  old.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  const directory = contexts.directory({
    'no.tar': 'text',
    Dockerfile: 'FROM box\nADD fake.tar.gz no.tar empty.tar /kept/\nADD old.tar.gz /un/\n',
  })
  writeFileSync(`${directory}/fake.tar.gz`, Buffer.from('1f8b08ff6761726261676521', 'hex'))
  writeFileSync(`${directory}/empty.tar`, Buffer.alloc(1024))
  writeFileSync(`${directory}/old.tar.gz`, gzipSync(old))
  const { code, err } = await build(directory, '-t', 'archives')
  assert.equal(code, 0, err)
  assert.equal(await shown('archives', 'ls /kept | tr "\\n" " "; cat /un/member'), 'empty.tar fake.tar.gz no.tar old')
})

test('an archive is unpacked for the owner that is asked for, and through links of the image, also where they lead to nothing', async () => {
  const directory = contexts.directory({
    'in/there/file': 'f\n',
    'in/dangling/deep/file': 'd\n',
    Dockerfile:
      'FROM box\nRUN mkdir -p /t /t/real && ln -s real /t/there && ln -s ../../gone/far /t/dangling\nADD in.tar /t/\nADD --chown=9:8 in.tar /owned/\n',
  })
  assert.equal(spawnSync('tar', ['-C', `${directory}/in`, '-cf', `${directory}/in.tar`, 'there/file', 'dangling/deep/file']).status, 0)
  const { code, err } = await build(directory, '-t', 'unpacked')
  assert.equal(code, 0, err)
  assert.equal(await shown('unpacked', 'cat /t/real/file /t/gone/far/deep/file; stat -c %u:%g /owned /owned/there/file'), 'f\nd\n9:8\n9:8')
})

test('mistakes are told as BuildKit tells them', async () => {
  assert.match(await refused('COPY --from a.txt /x', texts), /missing a value on flag: --from/)
  assert.match(await refused('COPY --link=maybe a.txt /x', texts), /expecting boolean value for flag --link, not: maybe/)
  assert.match(await refused('COPY --chown=1 --chown=2 a.txt /x', texts), /duplicate flag specified: --chown/)
  assert.match(await refused('COPY --from=7 /a /b'), /invalid stage index 7/)
  assert.match(await refused('COPY --from=0 /a /b'), /circular dependency detected on stage: stage-0/)
  assert.match(
    await refused('COPY --from=later /a /b\nFROM box AS later'),
    /cannot copy from stage "later", it needs to be defined before current stage "stage-0"/,
  )
  assert.match(await refused('COPY --from=$x /a /b'), /variable expansion is not supported for --from/)
  assert.match(await refused('STOPSIGNAL nope'), /invalid signal: nope/)
  assert.match(await refused('COPY . /', { ...texts, '.dockerignore': '!\n' }), /illegal exclusion pattern: "!"/)
})

test('a default that must be replaced is no mistake where it is', async () => {
  const Dockerfile = 'ARG VERSION=${VERSION:?"say which"}\nARG BASE=${VERSION}\nFROM box${BASE}\n'
  await built({ Dockerfile }, '--build-arg', 'VERSION=:latest')
  assert.match((await build(contexts.directory({ Dockerfile }))).err, /VERSION: say which/)
})

test('what a stage does not have is not looked for in the context', async () => {
  assert.match(await refused('RUN true\nFROM box\nCOPY --from=0 /none /x'), /COPY failed: stat none: file does not exist/)
})

test('a command is marked as BuildKit marks it, and by the classic builder not', async () => {
  const files = { Dockerfile: 'FROM box\nCMD ["true"]\n' }
  const marked = (image: string): Promise<string> => instance.ok('inspect', '-f', '{{.Config.ArgsEscaped}}', image)
  await built(files, '-t', 'marked')
  assert.equal(await marked('marked'), 'true')
  await contexts.built(files, '-t', 'plain')
  assert.notEqual(await marked('plain'), 'true')
})

test('a failed step with a text of its own shows all of it', async () => {
  const err = await refused('RUN <<EOF\nexit 3\nEOF')
  assert.match(err, />>> RUN <<EOF\n.*>>> exit 3\n.*>>> EOF/)
})

test('a port of the host in EXPOSE is passed over', async () => {
  await built({ Dockerfile: 'FROM box\nEXPOSE 8080:80 53/udp\n' }, '-t', 'ports')
  assert.equal(await instance.ok('inspect', '-f', '{{json .Config.ExposedPorts}}', 'ports'), '{"53/udp":{},"80/tcp":{}}')
})
