import assert from 'node:assert/strict'
import { mkdirSync, symlinkSync } from 'node:fs'
import { test } from 'node:test'
import { sleep, systemClock } from '#base/clock.ts'
import { ask } from './engine-api.ts'
import { freePorts } from './free-ports.ts'
import { instanceWithBox } from './instance-with-box.ts'

/** What moby's integration-cli holds of `docker run` and its kin, older clients among them, where nothing else here looks at it. */
const instance = instanceWithBox()
const { ok } = instance

type Fields = Readonly<Record<string, unknown>>

const call = async (request: string, body?: unknown): Promise<{ status: number; said: string; body: Fields }> => {
  const { status, body: given } = await ask(instance.door, request, body as object)
  const fields = (given ?? {}) as Fields
  return { status, said: String(fields['message']), body: fields }
}
const made = (config: object, version = 'v1.51'): ReturnType<typeof call> =>
  call(`POST /${version}/containers/create`, { Image: 'box', Cmd: ['sleep', '1000'], ...config })
const refusal = async (...args: string[]): Promise<string> => (await instance.docker(...args)).err

test('what older clients send is understood', async () => {
  const { body, status } = await made({ HostConfig: { ContainerIDFile: '/tmp/cid' } }, 'v1.38')
  const id = String(body['Id'])
  assert.equal(status, 201)
  assert.equal(await ok('inspect', '-f', '{{.HostConfig.ContainerIDFile}}', id), '/tmp/cid')
  assert.equal((await call(`POST /v1.38/commit?container=${id}&repo=by-null`, null)).status, 201)
  await ok('rmi', 'by-null')
  assert.equal((await call('OPTIONS /')).status, 200)
  const empty = await call('POST /containers/create', {})
  assert.deepEqual([empty.status, empty.said], [400, 'config cannot be empty in order to create a container'])
  assert.match((await call('POST /containers/create', { Image: '' })).said, /^no command specified$/)
})

test('before API 1.45, a container’s short id is among its aliases', async () => {
  await ok('network', 'create', 'aliased')
  const id = await ok('create', '--network', 'aliased', '--network-alias', 'other', '--hostname', 'own', 'box', 'true')
  const aliases = async (version: string): Promise<unknown> => {
    const { body } = await call(`GET /${version}/containers/${id}/json`)
    return (body['NetworkSettings'] as { Networks: Record<string, Fields> }).Networks['aliased']?.['Aliases']
  }
  assert.deepEqual(await aliases('v1.44'), ['other', id.slice(0, 12), 'own'])
  assert.deepEqual(await aliases('v1.45'), ['other'])
  await ok('rm', id)
  await ok('network', 'rm', 'aliased')
})

test('a link on a network of one’s own may come before the container', async () => {
  await ok('network', 'create', 'linked')
  const id = await ok('run', '-d', '--network', 'linked', '--link', 'later:bar', 'box', 'sleep', '1000')
  await ok('run', '-d', '--network', 'linked', '--name', 'later', 'box', 'sleep', '1000')
  assert.match(await ok('exec', id, 'ping', '-c', '1', 'bar'), /1 packets received/)
  await ok('rm', '-f', id, 'later')
  await ok('network', 'rm', 'linked')
})

test('links lead to who shares a network, follow new addresses, and are in the environment of sessions', async () => {
  await ok('run', '-d', '--name', 'parent', 'box', 'sleep', '1000')
  await ok('run', '-d', '--name', 'child', '--network', 'container:parent', 'box', 'sleep', '1000')
  const id = await ok('run', '-d', '--name', 'linking', '--link', 'child:c', '--link', 'parent:p', 'box', 'sleep', '1000')
  const address = (): Promise<string> => ok('inspect', '-f', '{{.NetworkSettings.Networks.bridge.IPAddress}}', 'parent')
  const lines = async (): Promise<string> => ok('exec', id, 'grep', '-w', 'p', '/etc/hosts')
  assert.ok((await lines()).startsWith(`${await address()}\t`))
  assert.match(await ok('exec', id, 'grep', '-w', 'c', '/etc/hosts'), new RegExp(`^${await address()}\t`))
  assert.match(await ok('exec', id, 'env'), /^P_NAME=\/linking\/p$/m)
  const before = await address()
  await ok('stop', '-t', '0', 'parent')
  await ok('run', '-d', '--name', 'in-between', 'box', 'sleep', '1000')
  await ok('start', 'parent')
  assert.notEqual(await address(), before)
  assert.ok((await lines()).startsWith(`${await address()}\t`))
  await ok('rm', '-f', 'linking', 'child', 'parent', 'in-between')
  await ok('create', '--name', 'of-host', '--network', 'host', 'box', 'true')
  assert.match(await refusal('create', '--link', 'of-host:h', 'box', 'true'), /host type networking can't be used with links/)
  await ok('rm', 'of-host')
  const { body } = await made({})
  assert.equal(await ok('inspect', '-f', '{{json .HostConfig.Links}}', String(body['Id'])), 'null')
})

test('the files of the network are over a volume on /etc, and read-only with the rest', async () => {
  assert.match(await ok('run', '--rm', '-v', '/etc', '--hostname', 'over', 'box', 'cat', '/etc/hostname'), /^over$/)
  const { err } = await instance.docker('run', '--rm', '--read-only', 'box', 'touch', '/etc/hosts', '/etc/resolv.conf', '/etc/hostname')
  for (const name of ['hosts', 'resolv.conf', 'hostname']) assert.ok(err.includes(`/etc/${name}: Read-only file system`), err)
  assert.match(await ok('run', '--rm', '-h', 'a.example.com', 'box', 'cat', '/etc/hosts'), /\ta\.example\.com a$/m)
})

test('an empty HOME is none', async () => {
  assert.match(await ok('run', '--rm', '-e', 'HOME=', 'box', 'env'), /^HOME=\/(root)?$/m)
})

test('mounts are shown with the options that they were given', async () => {
  const source = `${instance.home}/shown`
  mkdirSync(source)
  const modes = async (...options: string[]): Promise<string> => {
    const id = await ok('create', ...options, 'box', 'true')
    const shown = await ok('inspect', '-f', '{{range .Mounts}}{{.Destination}}={{.Mode}} {{end}}', id)
    await ok('rm', '-v', id)
    // The command sends them in any order.
    return shown.split(' ').toSorted().join(' ')
  }
  assert.equal(await modes('-v', `${source}:/a`, '-v', `${source}:/b:ro,z`, '-v', 'named:/c'), '/a= /b=ro,z /c=z')
  assert.equal(await modes('--mount', 'type=volume,target=/d', '--mount', `type=bind,source=${source},target=/e,readonly`), '/d=z /e=')
  assert.equal(await modes('-v', '/f/'), '/f=')
  assert.match(await refusal('create', '-v', 'named:/a:shared', 'box', 'true'), /invalid mount config for type "volume"/)
  await ok('volume', 'rm', 'named')
})

test('of several containers with a volume at one place, the last one counts', async () => {
  for (const name of ['from-one', 'from-two']) await ok('create', '--name', name, '-v', '/data', 'box', 'true')
  await ok('create', '--name', 'taker', '--volumes-from', 'from-one', '--volumes-from', 'from-two', 'box', 'true')
  const volume = (name: string): Promise<string> => ok('inspect', '-f', '{{(index .Mounts 0).Name}}', name)
  assert.equal(await volume('taker'), await volume('from-two'))
  for (const mode of ['bar', 'nocopy'])
    assert.match(await refusal('create', '--volumes-from', `from-one:${mode}`, 'box', 'true'), new RegExp(`invalid mode: ${mode}`))
  await ok('rm', '-v', 'taker', 'from-one', 'from-two')
})

test('nothing is mounted over the kernel’s own files in /proc but what programs put there', async () => {
  assert.match(await refusal('create', '-v', '/proc//sys', 'box', 'true'), /"\/proc\/sys" cannot be mounted because it is inside \/proc/)
  assert.match(await refusal('create', '-v', 'named:/proc', 'box', 'true'), /"\/proc" cannot be mounted because it is not of type proc/)
  assert.equal(await ok('run', '--rm', '-v', '/dev/null:/proc/uptime', 'box', 'cat', '/proc/uptime'), '')
  await ok('run', '--rm', '-v', '/proc:/proc', 'box', 'true')
})

test('refusals are worded as clients know them', async () => {
  const id = await ok('run', '-d', '--name', 'worded', 'box', 'sleep', '1000')
  const cases: readonly (readonly [string[], RegExp])[] = [
    [['create', '--network', 'container:nobody', '--dns', '1.1.1.1', 'box', 'true'], /conflicting options: dns and the network mode/],
    [
      ['create', '--network', 'host', '--mac-address', '92:d0:c6:0a:29:33', 'box', 'true'],
      /conflicting options: mac-address and the network mode/,
    ],
    [['network', 'connect', 'host', 'worded'], /cannot connect container to host network - container must be created in host network mode/],
    [
      ['network', 'connect', '--ip', '172.21.55.44', 'bridge', 'worded'],
      /user specified IP address is supported on user defined networks only/,
    ],
    [['network', 'create', 'default'], /operation is not permitted on predefined default network/],
    [['create', '--device', '/etc', 'box', 'true'], /custom device "\/etc": not a device node/],
    [['run', '--rm', '-u', '-1', 'box', 'true'], /uids and gids must be in range 0-2147483647/],
    [['volume', 'ls', '-f', 'dangling=invalid'], /invalid filter 'dangling=invalid'/],
    [['events', '--since', '2030-01-02', '--until', '2030-01-01'], /`since` time \(\d+\) cannot be after `until` time \(\d+\)/],
    [['run', '--rm', 'box', '/etc'], /"\/etc": is a directory: unknown: permission denied/],
  ]
  for (const [args, why] of cases) assert.match(await refusal(...args), why)
  const aliased = { HostConfig: { NetworkMode: 'host' }, NetworkingConfig: { EndpointsConfig: { host: { Aliases: ['a'] } } } }
  assert.match((await made(aliased)).said, /^network-scoped alias is supported only for containers in user defined networks$/)
  await ok('pause', id)
  assert.match((await call(`POST /containers/worded/exec`, { Cmd: ['true'] })).said, /^Container worded is paused, unpause the container/)
  assert.match((await call(`POST /containers/${id}/exec`, { Cmd: ['true'] })).said, new RegExp(`^Container ${id} is paused`))
  await ok('rm', '-f', id)
})

test('lists are filtered by ancestors, networks and published ports', async () => {
  const port = await freePorts()
  await ok('create', '--name', 'maker', 'box', 'true')
  await ok('commit', '--change', 'LABEL made=here', 'maker', 'offspring')
  await ok('run', '-d', '--name', 'kin', '-p', `${port}:80`, 'offspring', 'sleep', '1000')
  const listed = async (...filters: string[]): Promise<string> =>
    (
      await ok('ps', '-a', '--format', '{{.Names}}', ...filters.flatMap((one) => ['--filter', one]), '--filter', 'name=^(maker|kin)$')
    ).replace(/\n/g, ' ')
  assert.equal(await listed('ancestor=offspring'), 'kin')
  assert.equal(await listed('ancestor=nothing-of-that-name'), '')
  const network = await ok('network', 'inspect', '-f', '{{.Id}}', 'bridge')
  assert.equal(await listed(`network=${network.slice(0, 6)}`), 'kin maker')
  assert.equal(await listed(`publish=${port}`), 'kin')
  assert.equal(await listed('expose=80'), 'kin')
  assert.equal(await ok('ps', '--filter', 'since=maker', '--format', '{{.Names}}'), 'kin')
  assert.equal(await ok('ps', '--filter', 'before=kin', '--filter', 'name=maker', '--format', '{{.Names}}'), '')
  await ok('rm', '-f', 'kin', 'maker')
  await ok('rmi', 'offspring')
})

test('what has been is told to who says only until when, and times have nine digits', async () => {
  const id = await ok('run', '-d', 'box', 'echo', 'said')
  await ok('wait', id)
  assert.match(await ok('events', '--filter', `container=${id}`, '--until', String(Date.now() / 1000)), /container start/)
  assert.match(await ok('logs', '-t', id), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z said$/)
  await ok('rm', id)
})

test('what is killed takes all of its processes along, whoever’s process numbers it has', { timeout: 60_000 }, async () => {
  const id = await ok('run', '-d', '--pid', 'host', 'box', 'sh', '-c', 'sleep 1001; true')
  await ok('kill', id)
  assert.equal(await ok('inspect', '-f', '{{.State.Status}} {{.State.ExitCode}}', id), 'exited 137')
  await ok('rm', id)
})

test('who shares a network with one who shares it himself finds its files', async () => {
  await ok('run', '-d', '--name', 'holder', '--hostname', 'held', 'box', 'sleep', '1000')
  await ok('run', '-d', '--name', 'sharer', '--network', 'container:holder', 'box', 'sleep', '1000')
  assert.match(await ok('run', '--rm', '--network', 'container:sharer', 'box', 'cat', '/etc/hosts'), /\theld$/m)
  await ok('rm', '-f', 'holder', 'sharer')
})

test('a volume of another container does not start with what this one’s image holds there', async () => {
  await ok('create', '--name', 'lender', '-v', '/sub', 'box', 'true')
  await ok('run', '--name', 'filling', 'box', 'sh', '-c', 'mkdir /sub; echo mine >/sub/file')
  await ok('commit', 'filling', 'filled')
  assert.equal(await ok('run', '--rm', '--volumes-from', 'lender', 'filled', 'ls', '/sub'), '')
  assert.equal(await ok('run', '--rm', '-v', '/sub', 'filled', 'ls', '/sub'), 'file')
  await ok('rm', '-v', 'lender', 'filling')
  await ok('rmi', 'filled')
})

test('the network’s files are copied out of a container that has ended', async () => {
  await ok('run', '--name', 'ended', '--hostname', 'was-called-so', 'box', 'true')
  const { out } = await instance.docker('cp', 'ended:/etc/hostname', '-')
  assert.match(out, /was-called-so/)
  await ok('rm', 'ended')
})

test('nothing is copied to where a container may not write, though a link in a volume leads there', async () => {
  const source = `${instance.home}/leading`
  mkdirSync(source)
  symlinkSync('/bin', `${source}/link`)
  await ok('create', '--name', 'closed', '--read-only', '-v', `${source}:/vol`, 'box', 'true')
  const { said } = await call('PUT /containers/closed/archive?path=/vol/link')
  assert.match(said, /^container rootfs is marked read-only/)
  await ok('rm', 'closed')
})

test('an exec session that nobody started is gone with the run that it was made for', async () => {
  const id = await ok('run', '-d', 'box', 'sleep', '1000')
  const { body } = await call(`POST /containers/${id}/exec`, { Cmd: ['true'] })
  await ok('restart', '-t', '0', id)
  assert.equal((await call(`POST /exec/${String(body['Id'])}/start`, { Detach: true })).status, 404)
  await ok('rm', '-f', id)
})

test('a container is taken off a network that is gone', async () => {
  await ok('network', 'create', 'leaving')
  await ok('run', '--name', 'left', '--network', 'leaving', 'box', 'true')
  await ok('network', 'rm', 'leaving')
  assert.match(await refusal('network', 'disconnect', 'leaving', 'left'), /network leaving not found/)
  await ok('network', 'disconnect', '--force', 'leaving', 'left')
  assert.equal(await ok('inspect', '-f', '{{len .NetworkSettings.Networks}}', 'left'), '0')
  await ok('rm', 'left')
})

test('events of images have their labels, and savings and new sizes of terminals are told', async () => {
  const since = String(Date.now() / 1000)
  await ok('create', '--name', 'labelled', '-t', 'box', 'true')
  await ok('commit', '--change', 'LABEL told=so', 'labelled', 'telling')
  await instance.docker('save', 'telling')
  await call('POST /containers/labelled/resize?h=10&w=20')
  const told = await ok(
    'events',
    '--since',
    since,
    '--until',
    String(Date.now() / 1000),
    '--format',
    '{{.Type}} {{.Action}} {{json .Actor.Attributes}}',
  )
  assert.match(told, /^image tag \{.*"told":"so"/m)
  assert.match(told, /^image save /m)
  assert.match(told, /^container resize \{.*"height":"10".*"width":"20"/m)
  await ok('rm', 'labelled')
  await ok('rmi', 'telling')
})

test('a volume’s events are when it was made, when containers had it, and when it went', async () => {
  await ok('volume', 'create', 'told')
  const id = await ok('run', '-d', '-v', 'told:/a:ro', '-v', 'told:/b', 'box', 'true')
  await ok('wait', id)
  await ok('rm', id)
  await ok('volume', 'rm', 'told')
  const [at, mode, by] = ['destination', 'read/write', 'container'].map((name) => `{{index .Actor.Attributes "${name}"}}`)
  const shown = ['--filter', 'volume=told', '--format', `{{.Action}} ${at} ${mode} ${by}`]
  const told = await ok('events', '--since', '1', '--until', String(Date.now() / 1000), ...shown)
  assert.deepEqual(
    told.split('\n').map((line) => line.trim()),
    ['create', `mount /a false ${id}`, `mount /b true ${id}`, `unmount   ${id}`, `unmount   ${id}`, 'destroy'],
  )
})

test('a moment may have a fraction, and a process list other columns', async () => {
  await ok('create', '--name', 'old', 'box', 'true')
  assert.match(await ok('container', 'prune', '--force', '--filter', `until=${Date.now() / 1000 + 0.001}`), /Total reclaimed space/)
  assert.equal((await instance.docker('inspect', 'old')).code, 1)
  const id = await ok('run', '-d', 'box', 'sleep', '1000')
  assert.match(await ok('top', id, '-o', 'pid'), /^PID\n\d+$/)
  assert.match(await refusal('top', id, '-p', '1'), /is not allowed, as it chooses processes/)
  await ok('rm', '-f', id)
  assert.match((await call('DELETE /images/%20')).said, /^image name cannot be blank$/)
})

test('what waits to be restarted is killed for good', async () => {
  const id = await ok('run', '-d', '--restart', 'always', 'box', 'false')
  const status = (): Promise<string> => ok('inspect', '-f', '{{.State.Status}} {{.RestartCount}}', id)
  // The pauses double: in one of the later ones there is time.
  await instance.until(status, (text) => /^restarting [4-9]/.test(text))
  await ok('kill', id)
  const [before] = [await status()]
  assert.match(before, /^exited /)
  await sleep(systemClock, 3000)
  assert.equal(await status(), before)
  await ok('rm', id)
})
