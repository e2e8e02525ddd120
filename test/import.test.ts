import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Instance } from './instance.ts'

/** Another instance stands for Docker: what is read of it is the same API and the same directories. */
const docker = new Instance()
const galley = new Instance()

before(async () => {
  await docker.start()
  await galley.start()
  await docker.importBox()
})

after(async () => {
  await galley.stop()
  await docker.stop()
})

test('images and named volumes come over; a volume in use, or one that would be overwritten, stays behind and is named', async () => {
  await docker.ok('tag', 'box', 'box:other')
  await docker.ok(
    'run',
    '--rm',
    '-v',
    'kept:/data',
    'box',
    'sh',
    '-c',
    'echo mine >/data/file; chown 37:99 /data/file; ln -s file /data/link',
  )
  await docker.ok('run', '-d', '--name', 'busy', '-v', 'busy-data:/data', 'box', 'sleep', '1000')
  const first = await galley.galley('import', 'docker', '--socket', docker.socket)
  assert.equal(first.code, 1, first.err)
  assert.match(first.out, /left behind: volume busy-data: container busy is writing to it; stop it first\n$/)
  assert.equal(await galley.ok('run', '--rm', 'box:other', 'echo', 'here'), 'here')
  assert.equal(
    await galley.ok('run', '--rm', '-v', 'kept:/data', 'box', 'sh', '-c', 'cat /data/link; stat -c %u:%g /data/file'),
    'mine\n37:99',
  )
  await docker.ok('rm', '-f', 'busy')
  const second = await galley.galley('import', 'docker', '--volumes', '--socket', docker.socket)
  assert.match(
    second.out,
    /^2 named volumes\n {2}busy-data\nleft behind: volume kept: a volume of that name is here already and holds data\n$/,
  )
})

test('a socket that is not there, or that is its own, is refused', async () => {
  assert.match((await galley.galley('import', 'docker', '--socket', '/nowhere')).err, /no Docker answers at \/nowhere/)
  assert.match((await galley.galley('import', 'docker', '--socket', galley.socket)).err, /is Galley's own socket/)
})
