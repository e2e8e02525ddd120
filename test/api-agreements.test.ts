import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { ask } from './engine-api.ts'
import { instanceWithBox } from './instance-with-box.ts'

/** What moby's own integration tests hold of the Engine API, where nothing else here looks at it. */
const instance = instanceWithBox()
const { ok } = instance

type Fields = Readonly<Record<string, unknown>>

const call = async (request: string, body?: object): Promise<{ status: number; said: string; body: Fields }> => {
  const { status, body: given } = await ask(instance.door, request, body)
  const fields = (given ?? {}) as Fields
  return { status, said: String(fields['message']), body: fields }
}
const made = (config: object, version = 'v1.51'): ReturnType<typeof call> =>
  call(`POST /${version}/containers/create`, { Image: 'box', Cmd: ['sleep', '1000'], ...config })
const inspected = async (id: unknown): Promise<Fields & { HostConfig: Fields; Config: Fields }> =>
  (await call(`GET /containers/${String(id)}/json`)).body as Fields & { HostConfig: Fields; Config: Fields }

test('what a container can’t be made with is named', async () => {
  const refused = async (HostConfig: object, why: RegExp): Promise<void> => {
    const { status, said } = await made({ HostConfig })
    assert.deepEqual([status, why.test(said)], [400, true], said)
  }
  await refused({ Links: ['nobody'] }, /^could not get container for nobody: No such container: nobody$/)
  await refused({ Annotations: { '': 'a' } }, /^invalid Annotations: the empty string is not permitted as an annotation key$/)
  await refused({ PidMode: 'container:nobody' }, /^No such container: nobody$/)
  await refused({ IpcMode: 'container:nobody' }, /^No such container: nobody$/)
})

test('clients of an older API get what it promised', async () => {
  const two = { NetworkingConfig: { EndpointsConfig: { one: {}, two: {} } } }
  const refused = await made(two, 'v1.43')
  assert.equal(refused.status, 400)
  assert.match(refused.said, /Container cannot be created with multiple network endpoints/)
  assert.equal((await inspected((await made({}, 'v1.39')).body['Id'])).HostConfig['IpcMode'], 'shareable')
  assert.equal((await inspected((await made({}, 'v1.40')).body['Id'])).HostConfig['IpcMode'], 'private')
  const { body } = await made({ HostConfig: { PidsLimit: 32 } })
  await call(`POST /v1.39/containers/${String(body['Id'])}/update`, { PidsLimit: 16 })
  assert.equal((await inspected(body['Id'])).HostConfig['PidsLimit'], 32)
  await ok('commit', '--change', 'VOLUME /kept', String(body['Id']), 'kept')
  const containerConfig = async (version: string): Promise<unknown> =>
    (await call(`GET /${version}/images/kept/json`)).body['ContainerConfig']
  assert.deepEqual(((await containerConfig('v1.44')) as Fields)['Volumes'], { '/kept': {} })
  assert.equal(await containerConfig('v1.45'), undefined)
  await ok('tag', 'kept', 'docker/kept:1')
  assert.deepEqual((await call('GET /images/kept/json')).body['RepoTags'], ['docker/kept:1', 'kept:latest'], 'by their full names')
  await ok('rmi', 'kept', 'docker/kept:1')
})

test('what a client leaves open of a health check, or writes null for, is not there', async () => {
  const check = { Test: ['CMD', 'true'], Interval: 1_000_000_000, StartPeriod: null, Retries: 0 }
  const { Config } = await inspected((await made({ Healthcheck: check })).body['Id'])
  assert.deepEqual(Config['Healthcheck'], { Test: ['CMD', 'true'], Interval: 1_000_000_000 })
})

test('inspect shows what is hidden, and no tmpfs of --tmpfs among the mounts', async () => {
  const plain = await inspected((await made({ HostConfig: { Tmpfs: { '/a/': '' } }, WorkingDir: '/tmp/' })).body['Id'])
  assert.ok((plain.HostConfig['MaskedPaths'] as string[]).includes('/proc/kcore'))
  assert.ok((plain.HostConfig['ReadonlyPaths'] as string[]).includes('/proc/sys'))
  assert.deepEqual(plain['Mounts'], [])
  assert.equal(plain.Config['WorkingDir'], '/tmp')
  const bare = { HostConfig: { MaskedPaths: [], ReadonlyPaths: [], Mounts: [{ Type: 'tmpfs', Target: '/a' }] } }
  const open = await inspected((await made(bare)).body['Id'])
  assert.deepEqual([open.HostConfig['MaskedPaths'], open.HostConfig['ReadonlyPaths']], [[], []])
  assert.equal((open['Mounts'] as unknown[]).length, 1)
  const { HostConfig: privileged } = await inspected((await made({ HostConfig: { Privileged: true } })).body['Id'])
  assert.deepEqual([privileged['MaskedPaths'], privileged['ReadonlyPaths']], [null, null])
})

test('a link is a name of the one that is linked to', async () => {
  await ok('run', '-d', '--name', 'first', '--annotation', 'a=b', 'box', 'sleep', '1000')
  await ok('run', '-d', '--name', 'second', '--link', 'first:alias', 'box', 'sleep', '1000')
  const wanted = `filters=${encodeURIComponent('{"name":["^/first$"]}')}`
  const listed = async (version: string): Promise<Fields> =>
    ((await call(`GET /${version}/containers/json?${wanted}`)).body as unknown as Fields[])[0] ?? {}
  assert.deepEqual((await listed('v1.46'))['Names'], ['/first', '/second/alias'])
  assert.deepEqual((await listed('v1.46'))['HostConfig'], { NetworkMode: 'bridge', Annotations: { a: 'b' } })
  assert.deepEqual((await listed('v1.45'))['HostConfig'], { NetworkMode: 'bridge' })
  assert.equal((await inspected('second/alias'))['Name'], '/first')
  assert.equal((await inspected('/second/alias'))['Name'], '/first')
  assert.equal((await call('GET /containers/second/nothing/json')).status, 404)
  await ok('rm', '-f', 'first', 'second')
})

test('sizes of a terminal are checked, and an exec session has the one that it was made with', async () => {
  const id = await ok('run', '-d', '-t', 'box', 'sleep', '1000')
  for (const [query, why] of [
    ['w=100', /invalid resize height "": invalid syntax/],
    ['h=x&w=100', /invalid resize height "x": invalid syntax/],
    ['h=100&w=-1', /invalid resize width "-1": value out of range/],
    ['h=100&w=4294967296', /invalid resize width "4294967296": value out of range/],
  ] as const) {
    const { status, said } = await call(`POST /containers/${id}/resize?${query}`)
    assert.equal(status, 400)
    assert.match(said, why)
  }
  // Nobody resizes it: the size is the one that it was made with, a moment after the process has begun.
  const Cmd = ['sh', '-c', 'sleep 1; stty size']
  const exec = await call(`POST /containers/${id}/exec`, { Cmd, Tty: true, AttachStdout: true, ConsoleSize: [57, 123] })
  const { bytes } = await ask(instance.door, `POST /exec/${String(exec.body['Id'])}/start`, { Tty: true })
  assert.equal(bytes.toString().trim(), '57 123')
  const unknown = await call(`POST /containers/${id}/exec`, { Cmd: ['id'], User: 'nobody-here' })
  assert.equal(unknown.status, 400)
  assert.match(unknown.said, /^unable to find user nobody-here: no matching entries in passwd file/)
  await ok('rm', '-f', id)
})

test('a container that goes when it ends can be restarted', async () => {
  const id = await ok('run', '-d', '--rm', 'box', 'sleep', '1000')
  await ok('restart', '-t', '0', id)
  assert.equal(await ok('inspect', '-f', '{{.State.Status}}', id), 'running')
  const { status } = await call(`POST /containers/${id}/update`, { RestartPolicy: { Name: 'always' } })
  assert.equal(status, 409)
  await ok('kill', id)
  await instance.until(
    async () => (await instance.docker('inspect', id)).code,
    (code) => code !== 0,
  )
})

test('zero takes the limit of processes away', async () => {
  const id = await ok('run', '-d', '--pids-limit', '32', 'box', 'sleep', '1000')
  await call(`POST /containers/${id}/update`, { PidsLimit: -2 })
  assert.equal((await inspected(id)).HostConfig['PidsLimit'], 0)
  assert.equal(await ok('exec', id, 'sh', '-c', 'cat /sys/fs/cgroup/pids/pids.max /sys/fs/cgroup/pids.max 2>/dev/null; true'), 'max')
  await ok('rm', '-f', id)
})

test('a read-only bind is read-only with what is mounted below it, as of API 1.44', async () => {
  const source = `${instance.home}/bound`
  mkdirSync(`${source}/below`, { recursive: true })
  assert.equal(spawnSync('mount', ['-t', 'tmpfs', 'below', `${source}/below`]).status, 0)
  try {
    const writes = async (HostConfig: object, version?: string): Promise<boolean> => {
      const { body, said } = await made({ Cmd: ['touch', '/m/below/x'], HostConfig }, version)
      const id = String(body['Id'])
      assert.equal((await call(`POST /containers/${id}/start`)).status, 204, said)
      return (await call(`POST /containers/${id}/wait`)).body['StatusCode'] === 0
    }
    const mount = (BindOptions: object): object => ({
      Mounts: [{ Type: 'bind', Source: source, Target: '/m', ReadOnly: true, BindOptions }],
    })
    assert.equal(await writes({ Binds: [`${source}:/m:ro`] }), false)
    assert.equal(await writes(mount({})), false)
    assert.equal(await writes(mount({ ReadOnlyForceRecursive: true })), false)
    assert.equal(await writes(mount({ ReadOnlyNonRecursive: true })), true)
    assert.equal(await writes({ Binds: [`${source}:/m:ro`] }, 'v1.43'), true)
    assert.equal((await made({ HostConfig: mount({ ReadOnlyForceRecursive: true, ReadOnlyNonRecursive: true }) })).status, 400)
  } finally {
    spawnSync('umount', [`${source}/below`])
  }
})

test('mounts are passed on as asked, and left out where they are', async () => {
  const [source, other] = [`${instance.home}/passed`, `${instance.home}/other`]
  mkdirSync(`${source}/below`, { recursive: true })
  mkdirSync(other)
  writeFileSync(`${other}/file`, '')
  const run = (...args: string[]): void => assert.equal(spawnSync(args[0] ?? '', args.slice(1)).status, 0, args.join(' '))
  const isMounted = (): boolean => spawnSync('mountpoint', ['-q', `${source}/below`]).status === 0
  run('mount', '--bind', source, source)
  run('mount', '--make-shared', source)
  try {
    for (const runtime of ['crun', 'runc'].filter((name) => name === 'crun' || existsSync(`/usr/sbin/${name}`))) {
      const mounted = (options: string): string[] => ['--runtime', runtime, '--mount', `type=bind,source=${source},target=/m,${options}`]
      await ok('run', '--rm', '--privileged', ...mounted('bind-propagation=shared'), 'box', 'mount', '-t', 'tmpfs', 'none', '/m/below')
      assert.ok(isMounted(), runtime)
      run('umount', `${source}/below`)
      const slave = await ok('run', '-d', ...mounted('bind-propagation=slave'), 'box', 'sleep', '1000')
      run('mount', '--bind', other, `${source}/below`)
      assert.equal(await ok('exec', slave, 'ls', '/m/below'), 'file')
      assert.equal(await ok('run', '--rm', ...mounted('bind-recursive=disabled'), 'box', 'ls', '/m/below'), '')
      run('umount', `${source}/below`)
      await ok('rm', '-f', slave)
    }
  } finally {
    while (isMounted() && spawnSync('umount', [`${source}/below`]).status === 0);
    spawnSync('umount', [source])
  }
})

test('an empty part of a volume starts with what the image holds there', async () => {
  await ok('run', '--rm', '-v', 'parts:/v', 'box', 'sh', '-c', 'mkdir /v/part; echo one >/v/file')
  const part = (subpath: string, target: string): string[] => [
    '--mount',
    `type=volume,source=parts,volume-subpath=${subpath},target=${target}`,
  ]
  assert.match(await ok('run', '--rm', ...part('part', '/bin'), 'box', 'ls', '/bin'), /^busybox$/m)
  assert.match(await ok('run', '--rm', '-v', 'parts:/v', 'box', 'ls', '/v/part'), /^busybox$/m)
  assert.equal(await ok('run', '--rm', ...part('file', '/etc/hostname'), 'box', 'cat', '/etc/hostname'), 'one')
})

test('who names networks and no network mode is on those alone', async () => {
  for (const name of ['alone-a', 'alone-b']) await ok('network', 'create', name)
  const { body } = await made({ NetworkingConfig: { EndpointsConfig: { 'alone-b': {}, 'alone-a': {} } }, HostConfig: { PortBindings: {} } })
  const id = String(body['Id'])
  const doubtful = { MacAddress: '02:00:00:00:00:01', NetworkingConfig: { EndpointsConfig: { 'alone-a': {} } } }
  assert.match((await made(doubtful)).said, /HostConfig.NetworkMode must match the identity of a network/)
  await ok('start', id)
  const networks = async (): Promise<string> => ok('inspect', '-f', '{{range $name, $_ := .NetworkSettings.Networks}}{{$name}} {{end}}', id)
  assert.equal(await networks(), 'alone-a alone-b')
  assert.equal((await ok('exec', id, 'ls', '/sys/class/net')).replace(/\s+/g, ' '), 'eth0 eth1 lo')
  await ok('restart', '-t', '0', id)
  assert.equal(await networks(), 'alone-a alone-b')
  await ok('rm', '-f', id)
  await ok('network', 'rm', 'alone-a', 'alone-b')
})

test('an image is asked for, saved and imported by its platform', async () => {
  const platform = (architecture: string): string => `platform=${encodeURIComponent(JSON.stringify({ os: 'linux', architecture }))}`
  const { body } = await call('GET /images/box/json')
  const own = String(body['Architecture'])
  const ways: readonly string[] = ['json', 'history', 'get']
  for (const way of ways) {
    assert.equal((await ask(instance.door, `GET /images/box/${way}?${platform(own)}`)).status, 200)
    const other = await call(`GET /images/box/${way}?${platform('s390x')}`)
    assert.equal(other.status, 404)
    assert.match(
      other.said,
      /^image with reference box was found but its platform .* does not match the specified platform \(linux\/s390x\)/,
    )
  }
  const several = await call(`GET /images/box/get?${platform(own)}&${platform('s390x')}`)
  assert.deepEqual([several.status, several.said], [400, 'multiple platform parameters not supported'])
  assert.match((await call('POST /images/create?fromImage=box&platform=foobar')).said, /"foobar": unknown operating system or architecture/)
  assert.match((await call('POST /images/create?fromSrc=-&platform=macos')).said, /operating system is not supported/)
  const ambiguous = await call('POST /images/box/tag?repo=sha256&tag=some')
  assert.equal(ambiguous.status, 400)
  assert.match(ambiguous.said, /refusing to create an ambiguous tag using digest algorithm as name/)
})

test('older clients find in info what they look for, and df counts what is asked for', async () => {
  const legacy = ['BridgeNfIptables', 'BridgeNfIp6tables']
  const has = async (version: string): Promise<boolean[]> => {
    const { body } = await call(`GET /${version}/info`)
    return [...legacy.map((name) => name in body), 'Expected' in (body['RuncCommit'] as Fields)]
  }
  assert.deepEqual(await has('v1.48'), [true, true, true])
  assert.deepEqual(await has('v1.49'), [true, true, false])
  assert.deepEqual(await has('v1.50'), [false, false, false])
  assert.equal((await call('GET /system/df?type=volume')).body['LayersSize'], 0)
  assert.ok(Number((await call('GET /system/df?type=image')).body['LayersSize']) > 0)
})

test('control groups may be written where that is asked for', async () => {
  const make = 'cd /sys/fs/cgroup/pids 2>/dev/null || cd /sys/fs/cgroup; mkdir own'
  // Not by the command: before 28 it refuses the option without a value by itself.
  const makes = async (...SecurityOpt: string[]): Promise<boolean> => {
    const { body } = await made({ Cmd: ['sh', '-c', make], HostConfig: { SecurityOpt } })
    await call(`POST /containers/${String(body['Id'])}/start`)
    return (await call(`POST /containers/${String(body['Id'])}/wait`)).body['StatusCode'] === 0
  }
  assert.deepEqual([await makes(), await makes('writable-cgroups=false')], [false, false])
  assert.deepEqual([await makes('writable-cgroups'), await makes('writable-cgroups=true')], [true, true])
  assert.match(
    (await made({ HostConfig: { SecurityOpt: ['writable-cgroups=1'] } })).said,
    /^invalid --security-opt 2: "writable-cgroups=1"$/,
  )
})

test('a path that is not there is named as it was asked for', async () => {
  const { body } = await made({})
  const { status, said } = await call(`PUT /containers/${String(body['Id'])}/archive?path=/dne`)
  assert.deepEqual([status, said.startsWith('Could not find the file /dne in container')], [404, true], said)
})

test('a build tells of its image', async () => {
  const context = `${instance.home}/context`
  mkdirSync(context)
  writeFileSync(`${context}/Dockerfile`, 'FROM box\nENV told=yes\n')
  const since = Date.now() / 1000
  await ok('build', '-t', 'told', context)
  const id = await ok('images', '-q', '--no-trunc', 'told')
  const told = await ok(
    'events',
    '--since',
    String(since),
    '--until',
    String(Date.now() / 1000),
    '--filter',
    'event=create',
    '--filter',
    'type=image',
  )
  assert.ok(told.includes(`image create ${id}`), told)
})

test('bodies are looked at before what they are for, and /networks/ is /networks', async () => {
  for (const path of ['/commit', '/exec/none/start', '/containers/none/exec', '/networks/none/connect'])
    assert.equal((await call(`POST ${path}`, [])).status, 400, path)
  assert.ok(Array.isArray((await call('GET /networks/')).body))
})
