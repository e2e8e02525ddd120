import assert from 'node:assert/strict'
import { chownSync, mkdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { tarBytes } from '#content/layers/tar-fixture.ts'
import { Instance } from './instance.ts'

/** Files in and out of containers, with the real docker CLI. */
const instance = new Instance()
const { ok, docker, command } = instance

before(async () => {
  await instance.start()
  await instance.importBox()
  mkdirSync(`${instance.home}/out`)
})

after(() => instance.stop())

test('diff tells what a container added, changed and deleted, and nothing that its start made', async () => {
  await ok('run', '--name', 'diffed', 'box', 'sh', '-c', 'echo new > /tmp/new; echo more >> /data/seed; rm /etc/group; chmod 700 /root')
  assert.deepEqual((await ok('diff', 'diffed')).split('\n').toSorted(), [
    'A /tmp/new',
    'C /data',
    'C /data/seed',
    'C /etc',
    'C /root',
    'C /tmp',
    'D /etc/group',
  ])
  await ok('run', '--name', 'same', 'box', 'true')
  assert.equal(await ok('diff', 'same'), '')
  assert.equal(await ok('diff', await ok('create', 'box', 'true')), '')
})

test('export packs the whole tree, of a running and of a stopped container, without its volumes', async () => {
  await ok('run', '-d', '--name', 'exported', '-v', '/data', 'box', 'sh', '-c', 'echo made > /tmp/made; sleep 1000')
  await instance.until(
    () => docker('exec', 'exported', 'ls', '/tmp/made'),
    ({ code }) => code === 0,
  )
  for (const state of ['running', 'stopped']) {
    await ok('export', '-o', `${instance.home}/${state}.tar`, 'exported')
    const { out } = await command('tar', ['-tf', `${instance.home}/${state}.tar`])
    const names = out.split('\n')
    for (const name of ['bin/busybox', 'tmp/made', 'etc/passwd', 'data/seed']) assert.ok(names.includes(name), `${state}: ${name}`)
    assert.deepEqual(
      names.filter((name) => /^(proc|sys|dev)\/./.test(name)),
      [],
      state,
    )
    if (state === 'running') await ok('rm', '-f', 'exported')
    if (state === 'running') await ok('create', '--name', 'exported', await imported(`${instance.home}/running.tar`), 'true')
  }
})

async function imported(archive: string): Promise<string> {
  return await ok('import', archive)
}

test('commit makes an image of the changes, with new settings', async () => {
  await ok('run', '--name', 'base', '-e', 'GIVEN=1', 'box', 'sh', '-c', 'echo kept > /tmp/kept; rm -r /data; mkdir /data; rm /etc/group')
  await ok('commit', '-a', 'me', '-m', 'why', '-c', 'CMD ["cat", "/tmp/kept"]', '-c', 'ENV ADDED=2', 'base', 'committed:v1')
  assert.equal(await ok('run', '--rm', 'committed:v1'), 'kept')
  assert.equal(await ok('run', '--rm', 'committed:v1', 'sh', '-c', 'ls /data; ls /etc/group 2>/dev/null; echo $GIVEN $ADDED'), '1 2')
  assert.equal(await ok('image', 'inspect', '-f', '{{.Author}} {{.Comment}} {{len .RootFS.Layers}}', 'committed:v1'), 'me why 2')
  assert.match(await ok('history', '--no-trunc', '--format', '{{.CreatedBy}}|{{.Comment}}', 'committed:v1'), /^sh -c echo kept.*\|why\n/)
})

test('commit of a running container lets it run again', async () => {
  await ok('run', '-d', '--name', 'alive', 'box', 'sh', '-c', 'echo now > /tmp/now; while :; do sleep 0.1; date > /tmp/date; done')
  await instance.until(
    () => docker('exec', 'alive', 'cat', '/tmp/now'),
    ({ code }) => code === 0,
  )
  await ok('commit', 'alive', 'snapshot')
  assert.equal(await ok('run', '--rm', 'snapshot', 'cat', '/tmp/now'), 'now')
  assert.equal(await ok('exec', 'alive', 'echo', 'awake'), 'awake')
})

/** A directory on the host with one of each kind of file. */
function hostTree(name: string): string {
  const path = `${instance.home}/${name}`
  mkdirSync(`${path}/deep`, { recursive: true })
  writeFileSync(`${path}/deep/file`, 'deep\n', { mode: 0o640 })
  writeFileSync(`${path}/top`, 'top\n')
  symlinkSync('deep/file', `${path}/link`)
  chownSync(`${path}/top`, 37, 99)
  return path
}

for (const state of ['running', 'stopped']) {
  test(`cp goes both ways with a ${state} container`, async () => {
    const name = `copied-${state}`
    const tree = hostTree(`tree-${state}`)
    if (state === 'running') await ok('run', '-d', '--name', name, 'box', 'sleep', '1000')
    else await ok('create', '--name', name, 'box', 'true')
    await ok('cp', tree, `${name}:/new`)
    await ok('cp', `${tree}/.`, `${name}:/tmp`)
    await ok('cp', `${tree}/top`, `${name}:/tmp/renamed`)
    await ok('cp', `${name}:/new`, `${instance.home}/back-${state}`)
    await ok('cp', `${name}:/tmp/renamed`, `${instance.home}/renamed-${state}`)
    assert.equal((await command('diff', ['-r', '--no-dereference', tree, `${instance.home}/back-${state}`])).out, '')
    assert.equal(readFileSync(`${instance.home}/renamed-${state}`, 'utf8'), 'top\n')
    const { out } = await command('sh', ['-c', `docker cp ${name}:/tmp - | tar -tvf - --numeric-owner | sort -k6`])
    assert.deepEqual(
      out.split('\n').map((line) =>
        line
          .split(/\s+/)
          .filter((_, index) => [0, 1, 5, 7].includes(index))
          .join(' '),
      ),
      [
        'drwxr-xr-x 0/0 tmp/',
        'drwxr-xr-x 0/0 tmp/deep/',
        '-rw-r----- 0/0 tmp/deep/file',
        'lrwxrwxrwx 0/0 tmp/link deep/file',
        '-rw-r--r-- 37/99 tmp/renamed',
        '-rw-r--r-- 37/99 tmp/top',
        '',
      ],
    )
  })
}

test('cp follows links as the container does, absolute ones too', async () => {
  await ok(
    'run',
    '-d',
    '--name',
    'linked',
    'box',
    'sh',
    '-c',
    'ln -s /data /tmp/abs; ln -s /data/seed /tmp/file; ln -s ../../../../data /tmp/up; sleep 1000',
  )
  await instance.until(
    () => docker('exec', 'linked', 'ls', '/tmp/up'),
    ({ code }) => code === 0,
  )
  const source = hostTree('linked')
  await ok('cp', `${source}/top`, 'linked:/tmp/abs')
  await ok('cp', `${source}/deep/file`, 'linked:/tmp/up/two')
  assert.equal(await ok('exec', 'linked', 'cat', '/data/top', '/data/two'), 'top\ndeep')
  await ok('cp', '-L', 'linked:/tmp/file', `${instance.home}/followed`)
  assert.equal(readFileSync(`${instance.home}/followed`, 'utf8'), 'from the image\n')
  await ok('cp', 'linked:/tmp/file', `${instance.home}/unfollowed`)
  assert.equal(readlinkSync(`${instance.home}/unfollowed`), '/data/seed')
})

test('cp sees volumes, binds and, while the container runs, its tmpfs', async () => {
  mkdirSync(`${instance.home}/bound`)
  const mounts = ['-v', 'cpvol:/data', '-v', `${instance.home}/bound:/bound`, '--tmpfs', '/scratch']
  const source = hostTree('mounted')
  await ok('create', '--name', 'mounted', ...mounts, 'box', 'sleep', '1000')
  await ok('cp', `${source}/top`, 'mounted:/data/stopped')
  await ok('cp', `${source}/top`, 'mounted:/bound/stopped')
  assert.equal(readFileSync(`${instance.home}/bound/stopped`, 'utf8'), 'top\n')
  await ok('start', 'mounted')
  await ok('cp', `${source}/top`, 'mounted:/scratch/running')
  assert.equal(await ok('exec', 'mounted', 'cat', '/data/stopped', '/data/seed', '/scratch/running'), 'top\nfrom the image\ntop')
  assert.match((await command('sh', ['-c', 'docker cp mounted:/proc/self/cmdline - 2>&1'])).out, /./)
})

test('cp refuses what a container must not write, and what is not there, in the words of Docker', async () => {
  await ok('run', '-d', '--name', 'fixed', '--read-only', '-v', 'fixedvol:/data:ro', 'box', 'sleep', '1000')
  const source = hostTree('fixed')
  for (const state of ['running', 'stopped']) {
    assert.match((await docker('cp', `${source}/top`, 'fixed:/tmp')).err, /container rootfs is marked read-only/, state)
    assert.match((await docker('cp', `${source}/top`, 'fixed:/data')).err, /mounted volume is marked read-only/, state)
    assert.match((await docker('cp', 'fixed:/nosuch', instance.home)).err, /Could not find the file \/nosuch in container fixed/, state)
    if (state === 'running') await ok('stop', '-t', '0', 'fixed')
  }
  await ok('create', '--name', 'kinds', 'box', 'true')
  assert.match((await docker('cp', source, 'kinds:/etc/passwd')).err, /cannot copy directory/)
  const { err } = await command('sh', ['-c', `tar -C ${source} -cf - top | docker cp - kinds:/etc/passwd`])
  assert.match(err, /must be a directory/)
})

test('cp -a gives to the user of the container', async () => {
  await ok('create', '--name', 'owned', '-u', 'operator', 'box', 'stat', '-c', '%u:%g', '/tmp/top', '/tmp/other')
  const source = hostTree('owned')
  await ok('cp', '-a', `${source}/top`, 'owned:/tmp/top')
  await ok('cp', `${source}/deep/file`, 'owned:/tmp/other')
  assert.equal(await ok('start', '-a', 'owned'), '37:37\n0:0')
})

test('cp unpacks compressed archives itself, with no program of the container (CVE-2026-41567)', async () => {
  const trap =
    'for name in gzip gunzip unpigz pigz xz unxz zstd; do printf "#!/bin/sh\\necho caught > /caught\\n" > /bin/$name; chmod 755 /bin/$name; done; sleep 1000'
  await ok('run', '-d', '--name', 'packed', 'box', 'sh', '-c', trap)
  await instance.until(
    () => docker('exec', 'packed', 'test', '-x', '/bin/zstd'),
    ({ code }) => code === 0,
  )
  const archive = tarBytes({ path: 'inside', body: 'compressed' })
  for (const input of [gzipSync(archive), zstdCompressSync(archive)]) {
    const { code, err } = await command('docker', ['cp', '-', 'packed:/tmp'], { input })
    assert.equal(code, 0, err)
    assert.equal(await ok('exec', 'packed', 'cat', '/tmp/inside'), 'compressed')
    await ok('exec', 'packed', 'rm', '/tmp/inside')
  }
  assert.equal((await docker('exec', 'packed', 'cat', '/caught')).code, 1)
})

test('cp takes the whole root out, and its content with a trailing dot', async () => {
  await ok('create', '--name', 'rooted', 'box', 'true')
  await ok('cp', 'rooted:/', `${instance.home}/root-copy`)
  assert.equal(readFileSync(`${instance.home}/root-copy/data/seed`, 'utf8'), 'from the image\n')
  mkdirSync(`${instance.home}/dotted`)
  await ok('cp', 'rooted:/data/.', `${instance.home}/dotted`)
  assert.equal(readFileSync(`${instance.home}/dotted/seed`, 'utf8'), 'from the image\n')
})
