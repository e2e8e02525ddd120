import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { BuildContexts } from './build-contexts.ts'
import { Instance, type Outcome } from './instance.ts'
import { usePlugins } from './plugins.ts'

/** Where buildx lets files come from beside the client's own directories: addresses and repositories, on loopback. */
const instance = new Instance()
const contexts = new BuildContexts(instance)
const available = await usePlugins(instance, 'docker-buildx')
const skip = available ? false : 'no suite that has buildx can be reached'
const served = `${instance.home}/served`
const server = createServer(({ url = '' }, response) => {
  const path = `${served}${new URL(url, 'http://here').pathname}`
  if (existsSync(path)) response.end(readFileSync(path))
  else response.writeHead(404).end()
})
let address = ''

before(async () => {
  await instance.start()
  await instance.importBox()
  const repository = contexts.directory({
    'sub/Dockerfile': 'FROM box\nCOPY file /\nRUN echo from $(cat /file)\n',
    'sub/file': 'git\n',
    'docker-bake.hcl': 'target "default" {\n context = "sub"\n tags = ["baked:remote"]\n}\n',
  })
  const script = `set -e; mkdir ${served}; cd ${repository}; git init -q -b main; git add -A
git -c user.email=a@b.c -c user.name=n commit -qm one; git clone -q --bare . ${served}/repository.git
git -C ${served}/repository.git update-server-info; tar -czf ${served}/context.tar.gz -C sub .; printf 'FROM box\\nRUN echo alone\\n' >${served}/Alone`
  const { code, err } = await instance.command('sh', ['-c', script])
  assert.equal(code, 0, err)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})

after(async () => {
  server.close()
  await instance.stop()
})

const buildx = (...args: string[]): Promise<Outcome> => instance.docker('buildx', ...args)

async function shown(...args: string[]): Promise<string> {
  const { code, err } = await buildx('build', '--progress=plain', '--no-cache', ...args)
  assert.equal(code, 0, err)
  return err
}

test('a repository, an archive and a lone Dockerfile at an address are contexts', { skip }, async () => {
  assert.match(await shown(`${address}/repository.git#main:sub`), /\d from git$/m)
  assert.match(await shown(`${address}/context.tar.gz`), /\d from git$/m)
  assert.match(await shown(`${address}/Alone`), /\d alone$/m)
  const missing = await buildx('build', `${address}/nothing.tar`)
  assert.match(missing.err, /failed to GET .*nothing\.tar with status 404/)
})

test('a Dockerfile at an address builds a directory, and a repository is a named context', { skip }, async () => {
  const directory = contexts.directory({ Dockerfile: 'FROM box\nCOPY --from=repository sub/file /\nRUN echo named $(cat /file)\n' })
  assert.match(await shown('-f', `${address}/Alone`, directory), /\d alone$/m)
  assert.match(await shown('--build-context', `repository=${address}/repository.git`, directory), /\d named git$/m)
})

test('bake takes its definitions and contexts from a repository', { skip }, async () => {
  const { code, err } = await buildx('bake', '--progress=plain', `${address}/repository.git`)
  assert.equal(code, 0, err)
  assert.equal(await contexts.shown('baked:remote', 'cat /file'), 'git')
})

test('an image layout of the client’s is an output, and a context again', { skip }, async () => {
  const layout = `${instance.home}/layout`
  const directory = contexts.directory({ Dockerfile: 'FROM box\nRUN echo laid out >/out\nENV LAID=out\n' })
  await shown('-t', 'laid:1', '-o', `type=oci,tar=false,dest=${layout}`, directory)
  assert.equal(await instance.ok('images', '-q', 'laid'), '')
  const index = JSON.parse(readFileSync(`${layout}/index.json`, 'utf8')) as { manifests: { digest: string }[] }
  const digest = index.manifests[0]?.digest ?? ''
  assert.ok(existsSync(`${layout}/blobs/${digest.replace(':', '/')}`))
  const from = contexts.directory({ Dockerfile: 'FROM basis\nRUN echo $LAID $(cat /out)\n' })
  assert.match(await shown('--build-context', `basis=oci-layout://${layout}:1`, from), /\d out laid out$/m)
  assert.match(await shown('--build-context', `basis=oci-layout://${layout}@${digest}`, from), /\d out laid out$/m)
  const blob = `${layout}/blobs/${digest.replace(':', '/')}`
  writeFileSync(blob, readFileSync(blob, 'utf8').replace('"size"', '"Size"'))
  const damaged = await buildx('build', '--build-context', `basis=oci-layout://${layout}@${digest}`, from)
  assert.match(damaged.err, /other bytes than those of sha256:/)
})

test('provenance names repositories by commit and downloads by digest, without what opened them', { skip }, async () => {
  const remote = `${address}/repository.git#main:sub`
  const commit = (await instance.command('git', ['-C', `${served}/repository.git`, 'rev-parse', 'main'])).out.trim()
  const read = (directory: string): { configSource: object; uris: readonly object[] } => {
    const { predicate } = JSON.parse(readFileSync(`${directory}/provenance.json`, 'utf8')) as {
      predicate: { buildDefinition: { externalParameters: { configSource: object }; resolvedDependencies: readonly object[] } }
    }
    const { externalParameters, resolvedDependencies } = predicate.buildDefinition
    return { configSource: externalParameters.configSource, uris: resolvedDependencies.slice(0, -1) }
  }
  const [remotely, here] = [`${instance.home}/remotely`, `${instance.home}/here`]
  const built = await buildx('build', '--provenance=mode=min', '-o', remotely, remote)
  assert.equal(built.code, 0, built.err)
  const material = { uri: remote, digest: { sha1: commit } }
  assert.deepEqual(read(remotely), { configSource: { ...material, path: 'Dockerfile' }, uris: [material] })
  const secretly = address.replace('://', '://user:hidden-word@')
  const files = { Dockerfile: `FROM box\nADD ${secretly}/Alone /\nADD ${address}/repository.git#main /all\n` }
  const added = await buildx('build', '--provenance=mode=min', '-o', here, contexts.directory(files))
  assert.equal(added.code, 0, added.err)
  const alone = createHash('sha256')
    .update(readFileSync(`${served}/Alone`))
    .digest('hex')
  assert.deepEqual(read(here), {
    configSource: { path: 'Dockerfile' },
    uris: [
      { uri: `${address}/Alone`, digest: { sha256: alone } },
      { uri: `${address}/repository.git#main`, digest: { sha1: commit } },
    ],
  })
  assert.doesNotMatch(readFileSync(`${here}/provenance.json`, 'utf8'), /hidden-word/)
})
