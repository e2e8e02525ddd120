import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { tarBytes } from '#content/layers/tar-fixture.ts'
import { BuildContexts } from './build-contexts.ts'
import { instanceWithBox } from './instance-with-box.ts'

const instance = instanceWithBox()
const contexts = new BuildContexts(instance)
const { build, built, shown } = contexts

test('files are copied by Docker’s rules of slashes, directories, patterns and hidden names', async () => {
  await built(
    {
      'd/one': '1',
      'd/sub/two': '2',
      'd/.hidden': 'h',
      'a1.txt': 'a1',
      'a2.txt': 'a2',
      Dockerfile: `FROM box
WORKDIR /w
COPY a1.txt renamed
COPY a1.txt new/
COPY d directory
COPY d/* flat/
COPY a?.txt d/one many/
COPY a1.txt /data
COPY --parents d/sub/two /kept/
COPY --parents [dD]/./su*/two /cut/
COPY --parents **/two /deep/
COPY --exclude=sub d /without
`,
    },
    '-t',
    'rules',
  )
  const listing = await shown('rules', 'cd /; find w kept cut deep without data -type f | sort | tr "\\n" " "')
  const wanted =
    'cut/sub/two data/a1.txt data/seed deep/d/sub/two kept/d/sub/two w/directory/.hidden w/directory/one w/directory/sub/two w/flat/.hidden w/flat/one w/flat/two w/many/a1.txt w/many/a2.txt w/many/one w/new/a1.txt w/renamed without/.hidden without/one'
  assert.equal(listing.trim(), wanted)
})

test('several sources need a directory, and what is not there is named as Docker names it', async () => {
  const files = (line: string) => ({ a: 'a', b: 'b', Dockerfile: `FROM box\n${line}\n` })
  assert.match(
    (await build(files('COPY a b /file'))).err,
    /When using COPY with more than one source file, the destination must be a directory and end with a \//,
  )
  assert.match(
    (await build(files('COPY c /'))).err,
    /COPY failed: file not found in build context or excluded by \.dockerignore: stat c: file does not exist/,
  )
  assert.match((await build(files('COPY *.c /'))).err, /COPY failed: no source files were specified/)
  assert.match((await build(files('COPY ../a /'))).err, /COPY failed: forbidden path outside the build context: \.\.\/a/)
})

test('owners and modes are root’s and the file’s, or as asked, by name in the image’s own tables', async () => {
  await built(
    {
      'x.sh': { text: '#!/bin/sh\necho ran', mode: 0o755 },
      d: '',
      Dockerfile: `FROM box
COPY x.sh /plain
COPY --chown=operator x.sh /user
COPY --chown=12:extra x.sh /both
COPY --chmod=600 x.sh /octal
COPY --chmod=u=rwX,go=rX x.sh /symbolic
`,
    },
    '-t',
    'owned',
  )
  const stats = await shown('owned', 'stat -c "%n %u:%g %a" /plain /user /both /octal /symbolic; /plain')
  assert.equal(stats, '/plain 0:0 755\n/user 37:37 755\n/both 12:99 755\n/octal 0:0 600\n/symbolic 0:0 755\nran')
})

test('the ignore file leaves out and lets in again; the Dockerfile’s own comes first', async () => {
  const files = {
    'a.md': '',
    'keep.md': '',
    'deep/b.md': '',
    'deep/c.txt': '',
    'secret/key': '',
    '.dockerignore': '# comment\n**/*.md\n!keep.md\nsecret\nDockerfile*\n.dockerignore\n',
    Dockerfile: 'FROM box\nCOPY . /all\n',
    'Dockerfile.other': 'FROM box\nCOPY . /all\n',
    'Dockerfile.other.dockerignore': 'deep\n',
  }
  await built(files, '-t', 'ignored')
  assert.equal(await shown('ignored', 'cd /all; find . -type f | sort'), './deep/c.txt\n./keep.md')
})

test('archives of the context are unpacked by ADD with their owners, and copied by COPY', async () => {
  const directory = contexts.directory({
    'in/etc/file': 'inside\n',
    'note.txt': 'text',
    Dockerfile: `FROM box\nADD a.tgz b.tar.xz /\nADD note.txt.gz /notes/\nCOPY a.tgz /kept/\n`,
  })
  spawnSync('tar', ['-C', `${directory}/in`, '--owner=37', '--group=99', '-czf', `${directory}/a.tgz`, 'etc'])
  mkdirSync(`${directory}/in2`)
  writeFileSync(`${directory}/in2/second`, '2')
  spawnSync('tar', ['-C', `${directory}/in2`, '-cJf', `${directory}/b.tar.xz`, 'second'])
  spawnSync('gzip', [`${directory}/note.txt`])
  assert.equal((await instance.docker('build', '-t', 'added', directory)).code, 0)
  assert.equal(
    await shown('added', 'stat -c %u:%g /etc/file; cat /etc/file /second; ls /notes /kept; ls /etc/passwd'),
    '37:99\ninside\n2/kept:\na.tgz\n\n/notes:\nnote.txt.gz\n/etc/passwd',
  )
})

test('a copy onto a link in the image ends where the link leads inside the image', async () => {
  const files = {
    f: 'new\n',
    Dockerfile: 'FROM box\nRUN mkdir /real && ln -s /real /link && ln -s /../../../escape /out\nCOPY f /link/\nCOPY f /out/\n',
  }
  await built(files, '-t', 'linked')
  assert.equal(await shown('linked', 'cat /real/f /escape/f'), 'new\nnew')
  assert.equal(existsSync('/escape'), false)
})

test('a context cannot lead out of itself: neither by its links nor by its archive', async () => {
  const directory = contexts.directory({ Dockerfile: 'FROM box\nCOPY link /stolen\n' })
  symlinkSync('/etc/shadow', `${directory}/link`)
  assert.match((await instance.docker('build', directory)).err, /file not found in build context/)
  symlinkSync('../../../../..', `${directory}/up`)
  writeFileSync(`${directory}/Dockerfile`, 'FROM box\nCOPY up/etc /stolen\n')
  assert.match((await instance.docker('build', directory)).err, /file not found in build context/)
  const tar = spawnSync('tar', ['-C', directory, '-P', '--transform', 's,link,../../escaped,', '-cf', '-', 'Dockerfile', 'link'])
  const { err } = await instance.command('docker', ['build', '-'], { input: tar.stdout })
  assert.match(err, /outside/)
  await instance.until(
    () => readdirSync(`${instance.data}/build/work`),
    (left) => left.length === 0,
  )
})

test('inline files hold what the Dockerfile says, variables expanded unless quoted', async () => {
  const Dockerfile = `FROM box
ARG who=world
COPY <<one <<'two' /inline/
hello $who
one
hello $who
two
RUN <<END
  read line </inline/one
  echo "script: $line" >/out
END
RUN <<EOF
#!/bin/cat
not a shell
EOF
`
  const out = await built({ Dockerfile }, '-t', 'inline')
  assert.match(out, /^not a shell$/m)
  assert.equal(await shown('inline', 'cat /inline/one /inline/two /out'), 'hello world\nhello $who\nscript: hello world')
})

test('a built image can be saved and loaded again', async () => {
  await built(
    { a: 'content\n', Dockerfile: 'FROM box\nCOPY a /\nRUN ln /a /b; rm /data/seed; mkfifo /p 2>/dev/null; true\n' },
    '-t',
    'kept',
  )
  const id = await instance.ok('inspect', '-f', '{{.Id}}', 'kept')
  await instance.ok('save', '-o', `${instance.home}/kept.tar`, 'kept')
  await instance.ok('rmi', 'kept')
  await instance.ok('builder', 'prune', '-af')
  await instance.ok('load', '-i', `${instance.home}/kept.tar`)
  assert.equal(await instance.ok('inspect', '-f', '{{.Id}}', 'kept'), id)
  assert.equal(await shown('kept', 'cat /b; ls /data'), 'content')
})

test('the ignored and the secret appear in no layer', async () => {
  await built(
    { 'k.pem': 'TOPSECRET', '.dockerignore': '*.pem', Dockerfile: 'FROM box\nCOPY . /\nRUN --mount=type=secret,id=x true\n' },
    '-t',
    'quiet',
  )
  const found = spawnSync('grep', ['-rl', 'TOPSECRET', `${instance.data}/layers`, `${instance.data}/blobs`], { encoding: 'utf8' })
  assert.equal(found.stdout, '')
  assert.match((await build({ Dockerfile: 'FROM box\nRUN --mount=type=secret,id=x,required true\n' })).err, /secret x: not found/)
  assert.equal(readFileSync('/proc/self/mounts', 'utf8').includes(`${instance.data}/build`), false)
})

test('ADD brings a file from an address, follows redirects, and checks its digest', async () => {
  await using server = createServer((request, response) => {
    if (request.url === '/moved') response.writeHead(302, { location: '/there' }).end()
    else if (request.url === '/there') response.writeHead(200, { 'last-modified': 'Sun, 06 Nov 1994 08:49:37 GMT' }).end('fetched\n')
    else response.writeHead(404).end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const digest = createHash('sha256').update('fetched\n').digest('hex')
  await built(
    { Dockerfile: `FROM box\nADD --checksum=sha256:${digest} ${address}/moved /file\nADD ${address}/there /in/\n` },
    '-t',
    'fetched',
  )
  assert.equal(await shown('fetched', 'cat /file; stat -c "%a %Y %n" /in/there'), 'fetched\n600 784111777 /in/there')
  assert.match(
    (await build({ Dockerfile: `FROM box\nADD --checksum=sha256:${'0'.repeat(64)} ${address}/there /\n` })).err,
    /digest mismatch sha256:/,
  )
  assert.match((await build({ Dockerfile: `FROM box\nADD ${address}/none /\n` })).err, /ADD failed: failed to GET .*\/none with status 404/)
})

test('a directory that a copy makes is root’s with mode 755 or that of --chmod, whatever its source is; what lies in it keeps its own', async () => {
  await built(
    {
      Dockerfile: `FROM box AS a
RUN mkdir -p /d/e && chown 37:37 /d /d/e && chmod 1700 /d /d/e
FROM box
COPY --from=a /d /plain
COPY --from=a --chown=99 --chmod=750 /d /told/deeper
`,
    },
    '-t',
    'made',
  )
  const modes = await shown('made', "stat -c '%n %a %u' /plain /plain/e /told /told/deeper /told/deeper/e")
  assert.equal(modes, '/plain 755 0\n/plain/e 1700 37\n/told 750 99\n/told/deeper 750 99\n/told/deeper/e 750 99')
})

test('one file of the context copied to two places is two files', async () => {
  await built({ f: 'text\n', Dockerfile: 'FROM box\nCOPY f /one\nCOPY f /two\nCOPY f f /three/\n' }, '-t', 'twice')
  assert.equal(await shown('twice', 'ls -i /one /two /three/f | cut -d" " -f1 | sort -u | wc -l'), '3')
})

test('an archive’s own links lead nowhere outside the directory that it is added to', async () => {
  const directory = contexts.directory({ Dockerfile: 'FROM box\nADD up.tar /deep\n' })
  const archive = tarBytes({ type: 'symlink', path: 'up', target: '..' }, { path: 'up/planted', body: 'x' })
  writeFileSync(`${directory}/up.tar`, archive)
  assert.equal((await instance.docker('build', '-t', 'upwards', directory)).code, 0)
  assert.equal(await shown('upwards', 'ls /deep; [ -e /planted ] || echo kept in'), 'planted\nup\nkept in')
})

test('what a copy leaves out is told apart by the values of its variables', async () => {
  const Dockerfile = `FROM box AS made
RUN mkdir /d && touch /d/a /d/b
FROM box
ARG WITHOUT
COPY --from=made --exclude=$WITHOUT /d /d
`
  await built({ Dockerfile }, '-t', 'without-a', '--build-arg', 'WITHOUT=a')
  await built({ Dockerfile }, '-t', 'without-b', '--build-arg', 'WITHOUT=b')
  assert.deepEqual([await shown('without-a', 'ls /d'), await shown('without-b', 'ls /d')], ['b', 'a'])
})
