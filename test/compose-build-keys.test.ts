import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { test } from 'node:test'
import { Instance } from './instance.ts'
import { instanceWithBox } from './instance-with-box.ts'
import { galley, Projects } from './projects.ts'

/** What a Compose file says of builds beyond context and Dockerfile: agents, entitlements, platforms, caches. */
const instance = instanceWithBox()
const { directory, run } = new Projects(instance)

const seen = (image: string, file: string): Promise<string> => instance.ok('run', '--rm', image, 'cat', file)

test('steps reach the agents that the file and the caller have', async () => {
  const home = directory('agents', {
    'compose.yaml': 'services: {app: {build: {context: ., ssh: [default, other=./other.sock, file=./key]}}}\n',
    Dockerfile: 'FROM box\nRUN --mount=type=ssh test -S "$SSH_AUTH_SOCK"\nRUN --mount=type=ssh,id=other test -S "$SSH_AUTH_SOCK"\n',
    'file.Dockerfile': 'FROM box\nRUN --mount=type=ssh,id=file true\n',
    key: 'a key',
  })
  const agents = [`${home}/own.sock`, `${home}/other.sock`].map((path) => createServer().listen({ path }))
  await Promise.all(agents.map((agent) => once(agent, 'listening')))
  const build = (env: Record<string, string>): ReturnType<Instance['command']> =>
    instance.command(galley, ['build', 'app'], { cwd: home, env })
  try {
    const none = await build({})
    assert.match(none.err, /there is no SSH agent: SSH_AUTH_SOCK is not set/)
    const { code, err } = await build({ SSH_AUTH_SOCK: `${home}/own.sock` })
    assert.equal(code, 0, err)
    assert.match((await run(home, 'config')).out, /ssh:\n\s+- default\n/)
  } finally {
    for (const agent of agents) agent.close()
  }
  directory('agents', { Dockerfile: 'FROM box\nRUN --mount=type=ssh,id=file true\n' })
  assert.match((await build({})).err, /keys in files are not implemented by Galley/)
})

test('steps may do what the file allows, and no more', async () => {
  const Dockerfile = 'FROM box\nRUN --security=insecure grep CapEff /proc/self/status >/caps\n'
  const build = async (name: string, keys: string): ReturnType<typeof run> =>
    run(directory(name, { Dockerfile, 'compose.yaml': `services: {app: {build: {context: ., ${keys}}}}\n` }), 'build', 'app')
  assert.match((await build('none', 'no_cache: true')).err, /security\.insecure is not allowed/)
  for (const [name, keys] of [
    ['asked', 'entitlements: [security.insecure]'],
    ['privileged', 'privileged: true'],
  ] as const) {
    const { code, err } = await build(name, keys)
    assert.equal(code, 0, err)
    assert.match(await seen(`${name}-app`, '/caps'), /CapEff:\t0*[1-9a-f][0-9a-f]{8,}/)
  }
  assert.match((await build('odd', 'entitlements: [network.everything]')).err, /the entitlement network\.everything is not implemented/)
})

test('of several platforms this machine’s is built; an empty dockerfile is the usual one', async () => {
  const architecture = await instance.ok('version', '-f', '{{.Server.Arch}}')
  const other = architecture === 'arm64' ? 'amd64' : 'arm64'
  const project = (platforms: string): string =>
    `services: {app: {build: {context: ., dockerfile: "\${NONE:-}", platforms: [${platforms}]}}}\n`
  const home = directory('platforms', {
    Dockerfile: 'FROM scratch\nCOPY Dockerfile /\n',
    'compose.yaml': project(`linux/${other}, linux/${architecture}`),
  })
  const { code, err } = await run(home, 'build', 'app')
  assert.equal(code, 0, err)
  assert.match(err, new RegExp(`only linux/${architecture} is built`))
  assert.equal(await instance.ok('image', 'inspect', '-f', '{{.Architecture}}', 'platforms-app'), architecture)
  directory('platforms', { 'compose.yaml': project(`linux/${other}, linux/riscv64`) })
  assert.match((await run(home, 'build', 'app')).err, /none of the platforms .* is this machine's/)
})

test('results of steps come from where the file says, go there, and are left alone in stages that are named', async () => {
  const Dockerfile = [
    'FROM box AS first',
    'RUN cat /proc/sys/kernel/random/uuid >/first',
    'FROM first',
    'RUN cat /proc/sys/kernel/random/uuid >/second',
  ].join('\n')
  const home = directory('caches', {
    Dockerfile,
    'compose.yaml': 'services: {app: {build: {context: ., cache_to: ["type=local,dest=./kept,mode=max", type=gha]}}}\n',
  })
  const made = async (said = /^/): Promise<string[]> => {
    const { code, err } = await run(home, 'build', 'app')
    assert.equal(code, 0, err)
    assert.match(err, said)
    return Promise.all(['/first', '/second'].map((file) => seen('caches-app', file)))
  }
  const before = await made(/the cache of type gha is not used/)
  const forget = async (): Promise<void> => {
    await instance.ok('rmi', '-f', 'caches-app')
    await instance.ok('builder', 'prune', '-af')
  }
  await forget()
  directory('caches', { 'compose.yaml': 'services: {app: {build: {context: ., cache_from: ["type=local,src=./kept"]}}}\n' })
  assert.deepEqual(await made(), before)
  directory('caches', { 'compose.yaml': 'services: {app: {build: {context: ., no_cache_filter: [first]}}}\n' })
  const [first, second] = await made()
  assert.notEqual(first, before[0])
  assert.notEqual(second, before[1])
  await forget()
  directory('caches', { 'compose.yaml': 'services: {app: {build: {context: .}}}\n' })
  assert.notDeepEqual(await made(), before)
})
