import assert from 'node:assert/strict'
import { once } from 'node:events'
import { chmodSync, chownSync, createReadStream, existsSync, lstatSync, readFileSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { makeFifo } from '#host/kernel/fifo.ts'
import { BuildContexts } from './build-contexts.ts'
import { freePorts } from './free-ports.ts'
import type { Outcome } from './instance.ts'
import { instanceWithBox } from './instance-with-box.ts'
import { mediaTypes, RegistryServer } from './registry-server.ts'

/** What becomes of what `galley build` makes. */
const instance = instanceWithBox()
const contexts = new BuildContexts(instance)

const galley = (args: readonly string[]): Promise<Outcome> => instance.galley('build', ...args)

/** bcrypt of `secret`. */
const passwords = 'user:$2b$05$R.kRDLLwK4uSs6zwQX3eseafgghE5w7rP/C.6OJci.smphvZTYsAK\n'

test('outputs: files in a directory, a tar on standard output, archives and layouts', async () => {
  const directory = contexts.directory({
    Dockerfile:
      'FROM box AS base\nRUN mkdir /d && echo x > /d/x && chmod 640 /d/x && ln -s x /d/link\nFROM scratch\nCOPY --from=base /d /d\n',
  })
  const to = `${instance.home}/files`
  const files = await galley(['-o', to, directory])
  assert.equal(files.code, 0, files.err)
  assert.equal(readFileSync(`${to}/d/link`, 'utf8'), 'x\n')
  assert.equal(lstatSync(`${to}/d/x`).mode & 0o777, 0o640)
  const tar = await instance.command('sh', ['-c', `./galley build -q -o - ${directory} | tar -tf -`])
  assert.equal(tar.out, 'd/\nd/link\nd/x\n')
  const archive = `${instance.home}/image.tar`
  assert.equal((await galley(['-t', 'kept:1', '-o', `type=docker,dest=${archive}`, directory])).code, 0)
  assert.notEqual((await instance.docker('inspect', 'kept:1')).code, 0)
  assert.match(await instance.ok('load', '-i', archive), /Loaded image: kept:1/)
  const layout = `${instance.home}/layout`
  const laid = await galley(['-t', 'laid', '--annotation', 'who=me', '-o', `type=oci,tar=false,dest=${layout}`, directory])
  assert.equal(laid.code, 0, laid.err)
  const index = JSON.parse(readFileSync(`${layout}/index.json`, 'utf8')) as { manifests: { digest: string }[] }
  const manifest = readFileSync(`${layout}/blobs/${index.manifests[0]?.digest.replace(':', '/')}`, 'utf8')
  assert.deepEqual((JSON.parse(manifest) as { annotations?: object }).annotations, { who: 'me' })
})

test('what a build has made and not named yet is not pruned', async () => {
  const directory = contexts.directory({ Dockerfile: 'FROM box\nRUN head -c 8000000 /dev/urandom >/big\n' })
  const pipe = `${instance.home}/pipe`
  makeFifo(pipe)
  const building = galley(['-t', 'late:1', '-o', `type=tar,dest=${pipe}`, '-o', 'type=image', directory])
  const reader = createReadStream(pipe)
  await once(reader, 'data')
  reader.pause()
  const pruned = await instance.ok('image', 'prune', '-f')
  reader.resume()
  const { code, err } = await building
  assert.equal(code, 0, err)
  assert.doesNotMatch(pruned, /deleted/)
  await instance.ok('run', '--rm', 'late:1', 'ls', '/big')
})

test('what comes of a build is the caller’s own, who need not be root', async () => {
  const directory = contexts.directory({ 'a.txt': { text: 'private\n', mode: 0o600 }, Dockerfile: 'FROM box\nCOPY --chown=37 a.txt /\n' })
  const [user, group] = [4711, lstatSync(instance.socket).gid]
  for (const path of [directory, `${directory}/a.txt`]) chownSync(path, user, group)
  for (const path of [instance.home, instance.run]) chmodSync(path, 0o711)
  const as = ['--reuid', String(user), '--regid', String(group), '--clear-groups', './galley', 'build']
  const outputs = ['-o', `${directory}/files`, '-o', `type=oci,tar=false,dest=${directory}/layout`, '--iidfile', `${directory}/iid`]
  const { code, err } = await instance.command('setpriv', [...as, ...outputs, directory])
  assert.equal(code, 0, err)
  for (const path of ['files/a.txt', 'files/bin', 'layout/index.json', 'layout/blobs/sha256', 'iid'])
    assert.equal(lstatSync(`${directory}/${path}`).uid, user, path)
})

test('what can not be written is said, and fails the command', async () => {
  const directory = contexts.directory({ Dockerfile: 'FROM box\n' })
  for (const [options, message] of [
    [['-o', 'type=tar,dest=/dev/full'], /^galley: an output can't be written: ENOSPC/m],
    [['-o', '/dev/null/x'], /^galley: \/dev\/null\/x can't be written: not a directory/m],
    [['-o', 'type=oci,dest=/nowhere/x'], /^galley: \/nowhere\/x can't be written: no such file or directory/m],
    [['--iidfile', '/nowhere/x'], /^galley: \/nowhere\/x can't be written: no such file or directory/m],
  ] as const) {
    const { code, err } = await galley([...options, directory])
    assert.notEqual(code, 0)
    assert.match(err, message)
  }
})

test('attestations of the result are made when asked for', async () => {
  const directory = contexts.directory({ Dockerfile: 'FROM box\nRUN echo attested > /a\n' })
  const layout = `${instance.home}/attested`
  const { code, err } = await galley(['--sbom=true', '--provenance=mode=max', '-o', `type=oci,tar=false,dest=${layout}`, directory])
  assert.equal(code, 0, err)
  const blob = (digest: string): { manifests: { digest: string; annotations?: object }[] } =>
    JSON.parse(readFileSync(`${layout}/blobs/${digest.replace(':', '/')}`, 'utf8')) as ReturnType<typeof blob>
  const [top] = (JSON.parse(readFileSync(`${layout}/index.json`, 'utf8')) as ReturnType<typeof blob>).manifests
  const types = blob(top?.digest ?? '').manifests.map(({ annotations = {} }) => Object.values(annotations))
  assert.ok(types.flat().includes('attestation-manifest'), JSON.stringify(types))
})

test('--push sends the result to a registry, with what docker login has kept', async (t) => {
  if (!existsSync('/usr/bin/docker-registry')) return t.skip('docker-registry is not installed')
  await using registry = new RegistryServer(await freePorts())
  writeFileSync(`${instance.home}/htpasswd`, passwords)
  await registry.start({ more: `auth: {htpasswd: {realm: here, path: ${instance.home}/htpasswd}}` })
  const name = `${registry.host}/pushed:1`
  const directory = contexts.directory({ Dockerfile: 'FROM box\nRUN echo pushed > /p\n' })
  const denied = await galley(['-t', name, '--push', directory])
  assert.equal(denied.code, 1)
  assert.match(denied.err, /no basic auth credentials/)
  const login = await instance.command('docker', ['login', '-u', 'user', '--password-stdin', registry.host], { input: 'secret' })
  assert.equal(login.code, 0, login.err)
  const metadata = `${instance.home}/pushed.json`
  const pushed = await galley(['-t', name, '--push', '--metadata-file', metadata, directory])
  assert.equal(pushed.code, 0, pushed.err)
  const { 'containerimage.digest': digest } = JSON.parse(readFileSync(metadata, 'utf8')) as Record<string, string>
  const answer = await fetch(`http://${registry.host}/v2/pushed/manifests/1`, {
    method: 'HEAD',
    headers: { accept: mediaTypes.manifest, authorization: `Basic ${btoa('user:secret')}`, connection: 'close' },
  })
  assert.deepEqual([answer.status, answer.headers.get('docker-content-digest')], [200, digest])
})

test('a large output is waited for as often as it takes, without a word of node’s own', async () => {
  const directory = contexts.directory({ Dockerfile: 'FROM scratch\nCOPY large /\n', large: 'x'.repeat(16 << 20) })
  const to = `${instance.home}/large`
  const { code, err } = await galley(['-o', to, directory])
  assert.equal(code, 0, err)
  assert.doesNotMatch(err, /MaxListeners/)
  assert.equal(lstatSync(`${to}/large`).size, 16 << 20)
})
