import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { freePorts } from './free-ports.ts'
import { Instance, type Outcome } from './instance.ts'
import { newerCommand } from './newer-clients.ts'
import { crash, OciClient, jsonOf } from './oci-client.ts'

const port = await freePorts()
const host = `localhost:${port}`
const instance = new Instance()
const client = new OciClient(port)
/** Podman and Buildah keep their images in directories of their own. */
const storage = ['--root', `${instance.home}/podman`, '--runroot', `${instance.home}/podman-run`, '--storage-driver', 'vfs']

before(async () => {
  await instance.start()
  await instance.importBox()
  const { code, err } = await instance.galley('registry', 'start', '--listen', `127.0.0.1:${port}`, '--anonymous', 'push')
  assert.equal(code, 0, err)
})
after(() => instance.stop())

async function run(program: string, ...args: string[]): Promise<string> {
  const { code, out, err } = await instance.command(program, args)
  assert.equal(code, 0, `${program} ${args.join(' ')}\n${err}`)
  return out.trim()
}

function storedBytes(): number {
  const directory = `${instance.data}/blobs/sha256`
  return readdirSync(directory).reduce((sum, name) => sum + statSync(`${directory}/${name}`).size, 0)
}

test('docker pushes what the engine has without moving a byte, and others pull it', async () => {
  await instance.ok('tag', 'box', `${host}/team/box:1`)
  const before = storedBytes()
  assert.match(await instance.ok('push', `${host}/team/box:1`), /Layer already exists[^]*1: digest: sha256:/)
  assert.ok(storedBytes() - before < 2000, 'only the manifest came')
  const size = await run('skopeo', 'inspect', '--tls-verify=false', `docker://${host}/team/box:1`)
  assert.match(size, /"Architecture"/)
  await run('skopeo', 'copy', '--src-tls-verify=false', `docker://${host}/team/box:1`, `dir:${instance.home}/skopeo`)
  assert.ok(existsSync(`${instance.home}/skopeo/manifest.json`))
})

test('a name alone publishes nothing', async () => {
  await instance.ok('tag', 'box', `${host}/secret/box:1`)
  await client.expect(404, 'GET /v2/secret/box/tags/list')
})

test('what skopeo pushes runs without a pull, and is an image of the engine', async () => {
  await run('skopeo', 'copy', '--dest-tls-verify=false', `dir:${instance.home}/skopeo`, `docker://${host}/pushed/box:2`)
  assert.equal(await instance.ok('run', '--rm', '--pull', 'never', `${host}/pushed/box:2`, 'echo', 'ran'), 'ran')
  const [digest] = JSON.parse(await instance.ok('inspect', '--format', '{{json .RepoDigests}}', `${host}/pushed/box:2`)) as string[]
  const { headers } = await client.expect(200, 'HEAD /v2/pushed/box/manifests/2')
  assert.match(digest ?? '', new RegExp(`^${host}/pushed/box@`))
  assert.equal(
    await instance.ok('run', '--rm', '--pull', 'never', `${host}/pushed/box@${String(headers['docker-content-digest'])}`, 'echo', 'a'),
    'a',
  )
})

test('podman and buildah pull and push', async () => {
  await run('podman', ...storage, 'pull', '--tls-verify=false', `${host}/team/box:1`)
  await run('podman', ...storage, 'tag', `${host}/team/box:1`, `${host}/podman/box:3`)
  await run('podman', ...storage, 'push', '--tls-verify=false', `${host}/podman/box:3`)
  await run('buildah', ...storage, 'pull', '--tls-verify=false', `${host}/podman/box:3`)
  await run('buildah', ...storage, 'push', '--tls-verify=false', `${host}/podman/box:3`, `docker://${host}/buildah/box:4`)
  assert.equal(await instance.ok('run', '--rm', '--pull', 'never', `${host}/buildah/box:4`, 'echo', 'built'), 'built')
  await run('podman', ...storage, 'rmi', '--all', '--force')
})

test('an image that was removed here is pulled again', async () => {
  await instance.ok('rmi', `${host}/team/box:1`)
  assert.match(await instance.ok('pull', `${host}/team/box:1`), /Downloaded newer image/)
})

test('a tag that moves, or is deleted, takes the engine’s image along, but none that somebody named anew', async () => {
  const idOf = async (name: string): Promise<string> => (await instance.docker('inspect', '--format', '{{.Id}}', name)).out.trim()
  await run('skopeo', 'copy', '--dest-tls-verify=false', `dir:${instance.home}/skopeo`, `docker://${host}/moving:1`)
  await instance.ok('run', '--name', 'changed', 'box', 'touch', '/new')
  await instance.ok('commit', 'changed', `${host}/other:1`)
  await instance.ok('push', `${host}/other:1`)
  await run('skopeo', 'copy', '--src-tls-verify=false', '--dest-tls-verify=false', `docker://${host}/other:1`, `docker://${host}/moving:1`)
  const changed = await idOf(`${host}/other:1`)
  assert.equal(await idOf(`${host}/moving:1`), changed)
  await instance.ok('tag', 'box', `${host}/other:1`)
  for (const name of ['moving', 'other']) await client.expect(202, `DELETE /v2/${name}/manifests/1`)
  assert.equal(await idOf(`${host}/moving:1`), '')
  assert.equal(await idOf(`${host}/other:1`), await idOf('box'))
  await instance.ok('rm', 'changed')
})

test('what was pushed is there after a restart, and the registry is served again', async () => {
  await crash(instance, client)
  assert.match(await run('skopeo', 'inspect', '--tls-verify=false', `docker://${host}/podman/box:3`), /"Digest"/)
  assert.equal(await instance.ok('run', '--rm', '--pull', 'never', `${host}/pushed/box:2`, 'echo', 'still'), 'still')
})

test('the registry keeps a layer whose image the engine has removed', async () => {
  const images = (await instance.ok('images', '--quiet', '--no-trunc')).split('\n')
  await instance.ok('rmi', '--force', ...new Set(images))
  await run('skopeo', 'copy', '--src-tls-verify=false', `docker://${host}/team/box:1`, `dir:${instance.home}/again`)
  await run('skopeo', 'copy', '--src-tls-verify=false', `docker://${host}/buildah/box:4`, `dir:${instance.home}/again`)
  assert.equal(await instance.ok('run', '--rm', `${host}/team/box:1`, 'cat', '/data/seed'), 'from the image')
})

test('oras pushes, attaches, lists and copies artifacts', async (context) => {
  const oras = await newerCommand('oras')
  if (oras === undefined) return context.skip('no suite with oras can be reached')
  mkdirSync(`${instance.home}/files`)
  writeFileSync(`${instance.home}/files/note.txt`, 'a note')
  const cwd = `${instance.home}/files`
  const ok = async (...args: string[]): Promise<string> => {
    const { code, out, err }: Outcome = await instance.command(oras, args, { cwd })
    assert.equal(code, 0, err)
    return out
  }
  await ok('push', '--plain-http', `${host}/notes:1`, '--artifact-type', 'a/note', 'note.txt:text/plain')
  await ok('attach', '--plain-http', `${host}/notes:1`, '--artifact-type', 'a/signature', 'note.txt:text/plain')
  assert.match(await ok('discover', '--plain-http', `${host}/notes:1`), /a\/signature/)
  await ok('cp', '-r', '--from-plain-http', '--to-plain-http', `${host}/notes:1`, `${host}/notes/copied:1`)
  assert.match(await ok('discover', '--plain-http', `${host}/notes/copied:1`), /a\/signature/)
  await ok('pull', '--plain-http', '-o', `${instance.home}/pulled`, `${host}/notes/copied:1`)
  assert.equal(readFileSync(`${instance.home}/pulled/note.txt`, 'utf8'), 'a note')
  assert.match(await ok('repo', 'ls', '--plain-http', host), /notes\/copied/)
})

test('crane copies, adds to, lists and deletes', async (context) => {
  const crane = await newerCommand('crane')
  if (crane === undefined) return context.skip('no suite with crane can be reached')
  await run(crane, '--insecure', 'copy', `${host}/buildah/box:4`, `${host}/crane/box:1`)
  await run(crane, '--insecure', 'pull', `${host}/crane/box:1`, `${instance.home}/crane.tar`)
  await instance.ok('load', '--input', `${instance.home}/crane.tar`)
  await run(crane, '--insecure', 'append', '-b', `${host}/crane/box:1`, '-f', `${instance.home}/rootfs.tar`, '-t', `${host}/crane/box:2`)
  assert.equal(await instance.ok('run', '--rm', '--pull', 'never', `${host}/crane/box:2`, 'echo', 'more'), 'more')
  assert.equal(await run(crane, '--insecure', 'ls', `${host}/crane/box`), '1\n2')
  await run(crane, '--insecure', 'delete', `${host}/crane/box:1`)
  assert.deepEqual(jsonOf<object>(await client.expect(200, 'GET /v2/crane/box/tags/list')), { name: 'crane/box', tags: ['2'] })
})

test('a registry that is stopped answers nobody, and comes back with all it had', async () => {
  assert.match((await instance.galley('registry', 'stop')).out, /no longer served/)
  await assert.rejects(client.ask('GET /v2/'))
  assert.equal((await instance.galley('registry', 'status')).code, 3)
  assert.equal((await instance.galley('registry', 'start')).code, 0)
  await client.expect(200, 'GET /v2/podman/box/tags/list')
})
