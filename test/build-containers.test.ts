import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { afterEach, test } from 'node:test'
import { BuildContexts, type Files } from './build-contexts.ts'
import { instanceWithBox } from './instance-with-box.ts'

/** What the classic builder leaves of its steps (`--rm`, `--force-rm`), and what of them it had done before. */
const instance = instanceWithBox()
const { build, built } = new BuildContexts(instance)
const { ok } = instance

const failing: Files = { Dockerfile: 'FROM box\nENV A=b\nRUN echo one >/one\nRUN echo two >/two; echo said; exit 3\n' }

/** The containers that a build told of. */
function told(out: string): string[] {
  return [...out.matchAll(/Running in ([0-9a-f]{12})/g)].map(([, id = '']) => id)
}

afterEach(removeAll)

async function removeAll(): Promise<void> {
  const ids = (await ok('ps', '-aq')).split('\n').filter((id) => id !== '')
  if (ids.length > 0) await ok('rm', ...ids)
}

test('the container of a step that failed can be looked into, started again and committed', async () => {
  const { out } = await build(failing)
  const [first = '', failed = ''] = told(out)
  assert.match(out, new RegExp(`Removed intermediate container ${first}`))
  assert.equal(await ok('ps', '-aq'), failed)
  assert.equal(await ok('inspect', '-f', '{{.State.ExitCode}} {{.State.Status}}', failed), '3 exited')
  assert.equal(await ok('logs', failed), 'said')
  assert.equal(await ok('diff', failed), 'A /two')
  const image = await ok('inspect', '-f', '{{.Image}}', failed)
  assert.equal(
    await ok('run', '--rm', image, 'sh', '-c', 'echo $A; cat /one; ls /two 2>&1; true'),
    'b\none\nls: /two: No such file or directory',
  )
  assert.equal((await instance.docker('start', '-a', failed)).out, 'said\n')
  await ok('commit', failed, 'looked')
  assert.equal(
    await ok('run', '--rm', 'looked', 'sh', '-c', 'cat /one /two; ls /dev/.galley 2>&1 | wc -l; env | grep -c APT_CONFIG || true'),
    'one\ntwo\n1\n0',
  )
})

test('--rm=false keeps every step’s container, with what it wrote and said, and no nameless image is seen for it', async () => {
  const Dockerfile =
    'FROM box\nLABEL l=m\nRUN rm -r /data && mkdir /data && echo one >/data/one; echo said 1\nRUN echo two >>/data/one; echo said 2\n'
  const out = await built({ Dockerfile }, '--rm=false', '-t', 'kept')
  const [first = '', second = ''] = told(out)
  assert.doesNotMatch(out, /Removed intermediate/)
  assert.deepEqual((await ok('ps', '-aq')).split('\n'), [second, first])
  assert.equal(await ok('inspect', '-f', '{{.Config.Labels.l}}', first), 'm')
  assert.equal(await ok('logs', second), 'said 2')
  assert.equal(await ok('diff', first), 'C /data\nA /data/one')
  // Its files are its own: what it writes once more is not in the image.
  await ok('start', '-a', second)
  assert.equal(await ok('run', '--rm', 'kept', 'sh', '-c', 'ls /data; cat /data/one'), 'one\none\ntwo')
  await ok('commit', second, 'again')
  assert.equal(await ok('run', '--rm', 'again', 'cat', '/data/one'), 'one\ntwo\ntwo')
  assert.doesNotMatch(await ok('images'), /<none>/)
  assert.match(await ok('images', '-a'), /<none>/)
})

test('containers that were kept outlive the daemon', async () => {
  const [, failed = ''] = told((await build({ ...failing, other: '' }, '--no-cache')).out)
  instance.killDaemon()
  await instance.until(
    () => instance.docker('ps', '-aq'),
    ({ code, out }) => code === 0 && out.trim() === failed,
  )
})

test('secrets of a step are not in what is kept of it', async () => {
  const Dockerfile = 'FROM box\nRUN --mount=type=tmpfs,target=/scratch --mount=type=cache,target=/cached echo x >/scratch/y; exit 1\n'
  const [failed = ''] = told((await build({ Dockerfile })).out)
  assert.equal(await ok('inspect', '-f', '{{len .Mounts}} {{.HostConfig.Mounts}}', failed), '0 []')
})

test('every step that was done before says so, in the order of the file', async () => {
  const files = (label: string): Files => ({
    Dockerfile: `FROM box\nARG WHAT=x\nENV A=b\nWORKDIR /data\nRUN echo $A\nLABEL of=${label}\nCMD ["true"]\n`,
  })
  assert.doesNotMatch(await built(files('one'), '--force-rm'), /Using cache/)
  assert.equal((await built(files('one'))).match(/^Step .*\n ---> Using cache$/gm)?.length, 6)
  assert.equal((await built(files('two'))).match(/^Step .*\n ---> Using cache$/gm)?.length, 4)
  assert.doesNotMatch(await built(files('one'), '--no-cache'), /Using cache/)
})

test('docker-py keeps containers as it does with Docker', async (t) => {
  const script = `
import docker, io
client = docker.DockerClient(base_url='unix://${instance.socket}')
image, lines = client.images.build(fileobj=io.BytesIO(b'FROM box\\nRUN echo fresh >/fresh\\n'), nocache=True)
kept = client.containers.list(all=True)
print(len(kept), kept[0].status, [c['Path'] for c in kept[0].diff()])
for c in kept: c.remove()
client.images.build(fileobj=io.BytesIO(b'FROM box\\nRUN echo fresher >/fresh\\n'), rm=True)
print(len(client.containers.list(all=True)))
`
  const { code, out, err } = await instance.command('python3', ['-c', script], { env: { HOME: process.env['HOME'] ?? '' } })
  if (err.includes('No module named')) return t.skip('docker-py is not installed')
  assert.equal(code, 0, err)
  assert.equal(out, "1 exited ['/fresh']\n0\n")
})

test('nothing of the builds’ own is left', () => {
  const work = `${instance.data}/build/work`
  assert.ok(existsSync(work))
  assert.equal(readFileSync('/proc/mounts', 'utf8').includes(work), false)
})
