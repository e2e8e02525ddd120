import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { test } from 'node:test'
import { digestOf, hexOf } from '#base/digest.ts'
import { hostPlatform } from '#content/manifests/platform.ts'
import { tarBytes } from '#content/layers/tar-fixture.ts'
import { begun, wholeOf } from './engine-api.ts'
import { freePorts } from './free-ports.ts'
import { instanceWithBox } from './instance-with-box.ts'
import { OciClient } from './oci-client.ts'
import { InstanceOnSmallDisk } from './small-disk.ts'

/** What lies on the disk: what is collected, what survives a crash, and what happens when there is no room left. */
const instance = instanceWithBox()
const { ok, docker, command } = instance

/** Names of layers and blobs, with what is still on its way. */
function content(data = instance.data): string[] {
  return ['layers', 'layers/arriving', 'blobs/sha256', 'blobs/arriving'].flatMap((name) =>
    readdirSync(`${data}/${name}`)
      .filter((entry) => entry !== 'arriving')
      .map((entry) => `${name}/${entry}`),
  )
}

function settles(wanted: readonly string[], data?: string): Promise<string[]> {
  return instance.until(
    () => content(data).toSorted(),
    (found) => JSON.stringify(found) === JSON.stringify(wanted.toSorted()),
  )
}

test('what a removed image alone had is gone, what another needs stays', async () => {
  const before = content()
  await command('docker', ['import', '-', 'other'], { input: tarBytes({ path: 'a', body: 'x'.repeat(5000) }) })
  await ok('tag', 'box', 'same')
  await ok('rmi', 'other', 'same')
  await settles(before)
  assert.equal(await ok('run', '--rm', 'box', 'echo', 'fine'), 'fine')
})

test('a plain layer is on the disk once, and is saved to the byte, after a restart too', async () => {
  const before = content()
  // No packer gives a name twice.
  const layer = tarBytes({ path: 'a', body: 'x'.repeat(70_000) }, { path: 'b', body: 'b' }, { path: 'a', body: 'y'.repeat(3 << 20) })
  const rootfs = { type: 'layers', diff_ids: [digestOf(layer)] }
  const config = JSON.stringify({ os: 'linux', architecture: hostPlatform().architecture, rootfs })
  const manifest = JSON.stringify([{ Config: 'config.json', RepoTags: ['plain:latest'], Layers: ['layer.tar'] }])
  const input = tarBytes(
    { path: 'config.json', body: config },
    { path: 'layer.tar', body: layer },
    { path: 'manifest.json', body: manifest },
  )
  await command('docker', ['load'], { input })
  assert.ok(content().includes(`layers/${hexOf(digestOf(layer))}`))
  assert.ok(!content().includes(`blobs/sha256/${hexOf(digestOf(layer))}`))
  instance.killDaemon()
  await instance.until(
    () => docker('version'),
    ({ code }) => code === 0,
  )
  await ok('save', '-o', `${instance.home}/plain.tar`, 'plain')
  const { out } = await command('sh', ['-c', `tar -xOf ${instance.home}/plain.tar blobs/sha256/${hexOf(digestOf(layer))} | sha256sum`])
  assert.equal(out.split(' ')[0], hexOf(digestOf(layer)))
  await ok('rmi', 'plain')
  await settles(before)
})

test('what a load that failed left is collected', async () => {
  const before = content()
  const layer = tarBytes({ path: 'big', body: Buffer.alloc(3 << 20, 'x') })
  const manifest = [{ Config: 'missing', RepoTags: ['bad:latest'], Layers: ['layer.tar'] }]
  const input = tarBytes({ path: 'layer.tar', body: layer }, { path: 'manifest.json', body: JSON.stringify(manifest) })
  const { err } = await command('docker', ['load'], { input })
  assert.match(err, /missing is missing/)
  await settles(before)
})

test('a daemon killed in the middle of a load or import leaves nothing, and the next one works', async () => {
  const before = content()
  for (const verb of [['load'], ['import', '-', 'half']]) {
    const child = spawn('docker', verb, {
      env: { ...process.env, DOCKER_HOST: `unix://${instance.socket}` },
      stdio: ['pipe', 'ignore', 'ignore'],
    })
    child.stdin.on('error', () => undefined)
    const archive = tarBytes({ path: 'layer.tar', body: tarBytes({ path: 'big', body: Buffer.alloc(24 << 20, 'y') }) })
    child.stdin.write(archive.subarray(0, 16 << 20))
    await instance.until(
      () => content().length,
      (count) => count > before.length,
    )
    instance.killDaemon()
    child.stdin.end()
    await new Promise((resolve) => child.on('close', resolve))
    await instance.until(
      () => docker('version'),
      ({ code }) => code === 0,
    )
    await settles(before)
  }
  assert.equal(await ok('run', '--rm', 'box', 'cat', '/data/seed'), 'from the image')
})

test('an image under a stopped container stays when its name is taken by force', async () => {
  await command('docker', ['import', '-c', 'CMD ["cat","/kept"]', '-', 'under'], { input: tarBytes({ path: 'kept', body: 'kept' }) })
  await ok('create', '--name', 'holder', 'under', '/none')
  await ok('rmi', '-f', 'under')
  assert.equal((await docker('cp', 'holder:/kept', `${instance.home}/kept`)).code, 0)
  await ok('rm', 'holder')
  await ok('image', 'prune', '-f')
})

test('a volume takes over links, hard links, devices, owners and times of what it covers', async () => {
  const prepare =
    'mkdir /vol; cd /vol; echo x > file; ln file hard; ln -s file link; mkfifo pipe 2>/dev/null || busybox mkfifo pipe; chmod 4751 file; chown 37:99 file; mkdir deep; ln file deep/hard; touch -d 2001-02-03 file'
  await ok('run', '--name', 'prepared', 'box', 'busybox', 'sh', '-c', prepare)
  await ok('commit', 'prepared', 'prepared')
  const list = 'cd /vol; for f in file hard link pipe deep/hard; do busybox stat -c "%n %F %a %u:%g %h %Y" $f; done'
  assert.equal(
    await ok('run', '--rm', '-v', 'copied:/vol', 'prepared', 'sh', '-c', list),
    await ok('run', '--rm', 'prepared', 'sh', '-c', list),
  )
  assert.equal(await ok('run', '--rm', '-v', 'copied:/vol', 'prepared', 'sh', '-c', '[ /vol/file -ef /vol/deep/hard ] && echo one'), 'one')
  await ok('volume', 'rm', 'copied')
})

test('a volume is what its driver options say, while a container runs with it', async () => {
  await ok('volume', 'create', '-o', 'type=tmpfs', '-o', 'device=tmpfs', '-o', 'o=size=1m,uid=37', 'small')
  const look =
    "grep ' /mnt ' /proc/mounts | cut -d' ' -f3; stat -c %u /mnt; dd if=/dev/zero of=/mnt/x bs=1M count=2 2>&1 | grep -c 'No space'"
  assert.equal(await ok('run', '--rm', '-v', 'small:/mnt', 'box', 'sh', '-c', look), 'tmpfs\n37\n1')
  await ok('run', '-d', '--name', 'first', '-v', 'small:/mnt', 'box', 'sh', '-c', 'echo both > /mnt/f; sleep 1000')
  await instance.until(
    () => docker('exec', 'first', 'grep', '-q', 'both', '/mnt/f'),
    ({ code }) => code === 0,
  )
  assert.equal(await ok('run', '--rm', '-v', 'small:/mnt', 'box', 'cat', '/mnt/f'), 'both')
  assert.equal(await ok('exec', 'first', 'cat', '/mnt/f'), 'both')
  await ok('rm', '-f', 'first')
  assert.equal(await ok('run', '--rm', '-v', 'small:/mnt', 'box', 'ls', '/mnt'), '')
  await ok('volume', 'rm', 'small')
  mkdirSync(`${instance.home}/readable`)
  await ok('volume', 'create', '-o', 'type=none', '-o', `device=${instance.home}/readable`, '-o', 'o=bind,ro', 'bound')
  assert.match((await docker('run', '--rm', '-v', 'bound:/mnt', 'box', 'touch', '/mnt/x')).err, /Read-only file system/)
  await ok('volume', 'rm', 'bound')
  assert.ok(existsSync(`${instance.home}/readable`))
})

test('driver options that cannot be carried out are refused in the words of Docker', async () => {
  assert.match((await docker('volume', 'create', '-o', 'device=x', 'v')).err, /missing required option: "type"/)
  assert.match((await docker('volume', 'create', '-o', 'nosuch=x', 'v')).err, /invalid option: "nosuch"/)
  await ok('volume', 'create', '-o', 'type=nfs', '-o', 'device=:/x', '-o', 'o=addr=127.0.0.1', 'remote')
  const { err } = await docker('run', '--rm', '-v', 'remote:/mnt', 'box', 'true')
  assert.match(err, existsSync('/sbin/mount.nfs') ? /failed to mount local volume/ : /apt-get install nfs-common/)
  await ok('volume', 'rm', 'remote')
})

test('system df counts images, containers and volumes', async () => {
  await ok(
    'run',
    '--name',
    'writer',
    '-v',
    'counted:/data',
    'box',
    'sh',
    '-c',
    'dd if=/dev/zero of=/data/v bs=1000 count=50; dd if=/dev/zero of=/tmp/c bs=1000 count=30',
  )
  const text = await ok('system', 'df', '-v')
  assert.match(text, /writer/)
  assert.match(text, /counted\s+1\s+50\.02kB/)
  assert.match(
    await ok('system', 'df', '--format', '{{.Type}} {{.TotalCount}} {{.Active}}'),
    /^Images \d+ \d+\nContainers \d+ 0\nLocal Volumes \d+ 1\nBuild Cache \d+ 0$/,
  )
  assert.match(await ok('ps', '-as', '--filter', 'name=writer', '--format', '{{.Size}}'), /^30kB \(virtual \d/)
})

test('prune takes what is unused and tells how much that was', async () => {
  assert.match(await ok('container', 'prune', '-f'), /Total reclaimed space: [1-9]/)
  assert.match(await ok('volume', 'prune', '-af'), /counted\n\nTotal reclaimed space: 50\.02kB/)
  await ok('import', `${instance.home}/rootfs.tar`, 'unused')
  await ok('image', 'prune', '-af', '--filter', 'label!=none')
  assert.equal(await ok('images', '-q'), '')
  await settles([])
  await ok('import', `${instance.home}/rootfs.tar`, 'box')
  await ok('run', 'box', 'true')
  await ok('system', 'prune', '-f')
  assert.equal(await ok('ps', '-aq'), '')
})

/** The answer to a `PATCH` whose client looks at it only when all is sent, as Go's clients do. */
function sentBeforeReading(port: number, path: string, body: Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1').pause().setEncoding('latin1').on('error', reject)
    let answer = ''
    socket.on('data', (text: string) => (answer += text)).on('close', () => resolve(answer))
    socket.write(`PATCH ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n`)
    socket.write(body, () => setImmediate(() => socket.resume()))
  })
}

/** An instance beside the other one, whose data lie on a disk of so many megabytes. */
function onSmallDisk(megabytes: number): InstanceOnSmallDisk {
  return new InstanceOnSmallDisk(megabytes, ['--pool', `10.${64 + ((process.pid + 7) % 128)}.0.0/16`])
}

test('a full disk is said, harms nothing, and is over when there is room again', async () => {
  await using small = onSmallDisk(24)
  await small.start()
  const before = content(small.data)
  const large = tarBytes({ path: 'large', body: Buffer.alloc(40 << 20, 'z') })
  const full = await small.command('docker', ['import', '-', 'large'], { input: large })
  assert.notEqual(full.code, 0)
  assert.match(full.err, /no space left on device/i)
  await settles(before, small.data)
  const port = await freePorts()
  assert.equal((await small.galley('registry', 'start', '--listen', `127.0.0.1:${port}`, '--anonymous', 'push')).code, 0)
  const registry = new OciClient(port)
  const at = await registry.begin('full')
  assert.match(await sentBeforeReading(port, at, Buffer.alloc(40 << 20, 'z')), /^HTTP\/1\.1 507 [^]*no space left on device/i)
  await registry.expect(404, `DELETE ${at}`)
  const fits = tarBytes({ path: 'fits', body: Buffer.alloc(2 << 20, 'z') })
  const { code, err } = await small.command('docker', ['import', '-', 'fits'], { input: fits })
  assert.equal(code, 0, err)
  assert.match((await small.docker('images')).out, /fits/)
})

test('a disk without any room left is said, and can be cleared by what clears', async () => {
  await using small = onSmallDisk(64)
  await small.start()
  for (const name of ['one', 'two']) {
    const input = tarBytes({ path: name, body: Buffer.alloc(1 << 20, name) })
    assert.equal((await small.command('docker', ['import', '-', name], { input })).code, 0)
  }
  assert.equal((await small.docker('volume', 'create', 'kept')).code, 0)
  await small.command('dd', ['if=/dev/zero', `of=${small.data}/fill`, 'bs=64k'])
  const { code, err } = await small.until(
    () => small.docker('volume', 'create'),
    (outcome) => outcome.code !== 0,
  )
  assert.equal(code, 1)
  assert.match(err, /the disk with \S+ is full\nMake room: docker system prune/)
  const pruned = await small.docker('system', 'prune', '-af')
  assert.equal(pruned.code, 0, pruned.err)
  assert.equal((await small.docker('images', '-q')).out, '')
  assert.match((await small.docker('volume', 'ls', '-q')).out, /^kept$/m)
  rmSync(`${small.data}/fill`)
  assert.equal((await small.docker('volume', 'create', 'new')).code, 0)
  assert.ok(existsSync(`${small.data}/local.sqlite-reserve`), 'the room is kept for the next time')
})

test('on a disk without any room nobody waits for ever for what can be neither started nor removed; removing makes room at once', async () => {
  await using small = onSmallDisk(24)
  await small.start()
  await small.docker('import', `${instance.home}/rootfs.tar`, 'box')
  await small.docker('run', '--name', 'large', 'box', 'dd', 'if=/dev/zero', 'of=/large', 'bs=1M', 'count=8')
  for (const name of ['once', 'running'])
    assert.equal((await small.docker('create', '--rm', '--name', name, 'box', 'sleep', '1000')).code, 0)
  assert.equal((await small.docker('start', 'running')).code, 0)
  await small.command('dd', ['if=/dev/zero', `of=${small.data}/fill`, 'bs=4k'])
  const waits = await Promise.all(['once', 'running'].map((name) => begun(small.socket, `POST /containers/${name}/wait?condition=removed`)))
  assert.match((await small.docker('start', 'once')).err, /no space left on device|is full/)
  assert.equal((await small.docker('kill', 'running')).code, 0)
  for (const { body } of await Promise.all(waits.map(wholeOf))) assert.match((body as Wait).Error?.Message ?? '', /is full/)
  await small.docker('rm', 'large')
  assert.deepEqual(readdirSync(`${small.data}/trash`), [])
  assert.equal((await small.docker('start', 'once')).code, 0)
  assert.equal((await small.docker('rm', '-f', 'once', 'running')).code, 0)
  assert.equal((await small.docker('ps', '-aq')).out, '')
})

test('a daemon starts on a disk without any room, also after it was killed, and what is removed makes some', async () => {
  await using small = onSmallDisk(24)
  await small.start()
  await small.docker('import', `${instance.home}/rootfs.tar`, 'box')
  await small.docker('run', '--name', 'large', 'box', 'dd', 'if=/dev/zero', 'of=/large', 'bs=1M', 'count=8')
  assert.equal((await small.docker('run', '-d', '--name', 'lives', 'box', 'sleep', '1000')).code, 0)
  await small.command('dd', ['if=/dev/zero', `of=${small.data}/fill`, 'bs=4k'])
  const before = small.killDaemon()
  await small.until(
    () => small.docker('ps', '--format', '{{.Names}}'),
    ({ code, out }) => code === 0 && out === 'lives\n' && small.daemonPid() !== before,
  )
  await small.galley('daemon', 'stop', ...small.options)
  await small.start()
  assert.equal((await small.docker('rm', 'large')).code, 0)
  assert.deepEqual(await small.docker('run', '--rm', 'box', 'echo', 'fine'), { code: 0, out: 'fine\n', err: '' })
  assert.equal((await small.docker('ps', '-a', '--format', '{{.Names}}')).out, 'lives\n')
})

/** The answer to `POST /containers/{id}/wait`. */
interface Wait {
  readonly StatusCode: number
  readonly Error?: { readonly Message: string }
}

test('an image of 120 layers runs', async () => {
  const layers = Array.from({ length: 120 }, (_, index) => tarBytes({ path: `layer-${index}`, body: String(index) }))
  const config = { architecture: 'amd64', os: 'linux', config: {}, rootfs: { type: 'layers', diff_ids: layers.map(digestOf) } }
  const manifest = [{ Config: 'config.json', RepoTags: ['deep:latest'], Layers: layers.map((_, index) => `${index}.tar`) }]
  const input = tarBytes(
    ...layers.map((body, index) => ({ path: `${index}.tar`, body })),
    { path: 'config.json', body: JSON.stringify(config) },
    { path: 'manifest.json', body: JSON.stringify(manifest) },
  )
  const { code, err } = await command('docker', ['load'], { input })
  assert.equal(code, 0, err)
  const bind = ['-v', '/usr/bin/busybox:/busybox:ro']
  assert.equal(await ok('run', '--rm', ...bind, 'deep', '/busybox', 'cat', '/layer-0', '/layer-119'), '0119')
  await ok('create', '--name', 'deep', 'deep', '/none')
  await ok('cp', 'deep:/layer-7', `${instance.home}/layer-7`)
  assert.ok(existsSync(`${instance.home}/layer-7`))
})
