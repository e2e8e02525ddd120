import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { test } from 'node:test'
import { frame } from '#base/frame-buffer.ts'
import { ask, type Answer } from './engine-api.ts'
import { freePorts } from './free-ports.ts'
import { seenInTime } from './in-time.ts'
import { instanceWithBox } from './instance-with-box.ts'

/** What suites of Docker clients (docker-py, dockerode, Testcontainers) expect of containers and the CLI does not show. */
const instance = instanceWithBox()
const { docker, ok } = instance
const api = (call: string, body?: object): Promise<Answer> => ask(instance.socket, call, body)

test('a killed container has ended when the kill is answered', async () => {
  await ok('run', '-d', '--name', 'killed', 'box', 'sleep', '1000')
  assert.equal((await api('POST /containers/killed/kill')).status, 204)
  assert.equal(await ok('inspect', '-f', '{{.State.Status}} {{.State.ExitCode}}', 'killed'), 'exited 137')
  assert.equal((await api('DELETE /containers/killed')).status, 204)
})

test("a container is committed at whatever moment it ends, and of one that never ran there is its image's copy", async () => {
  await ok('run', '-d', '--name', 'ends', 'box', 'touch', '/new')
  await ok('commit', 'ends', 'committed')
  await ok('wait', 'ends')
  await ok('create', '--name', 'fresh', 'box', 'true')
  await ok('commit', 'fresh', 'copied')
  assert.equal(await ok('run', '--rm', 'copied', 'cat', '/data/seed'), 'from the image')
  await ok('rm', 'ends', 'fresh')
})

test('what a container writes first was logged since its start, as Testcontainers waits for it', async () => {
  await ok('create', '--name', 'quick', 'box', 'echo', 'ready')
  // Often, as it is a matter of a millisecond.
  for (let time = 0; time < 10; time++) {
    await ok('restart', 'quick')
    await ok('wait', 'quick')
    const since = await ok('inspect', '-f', '{{.State.StartedAt}}', 'quick')
    assert.equal(await ok('logs', '--since', since, 'quick'), 'ready')
  }
  await ok('rm', 'quick')
})

test('a session without an upgrade carries both ways, and a commit may say null (docker-api of Ruby)', async () => {
  await ok('run', '-d', '--name', 'host', 'box', 'sleep', '1000')
  const made = await api('POST /containers/host/exec', { Cmd: ['cat'], AttachStdin: true, AttachStdout: true })
  const socket = connect({ path: instance.socket, allowHalfOpen: true })
  const start = `POST /exec/${(made.body as { Id: string }).Id}/start HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n`
  socket.write(`${start}Content-Length: 2\r\n\r\n{}`)
  await once(socket, 'readable')
  socket.end('hello')
  const answer = Buffer.concat((await socket.toArray()) as Buffer[])
  assert.match(String(answer), /^HTTP\/1\.1 200 OK\r\n/)
  assert.deepEqual(answer.subarray(answer.indexOf('\r\n\r\n') + 4), frame(1, Buffer.from('hello')))
  const commit = request({ socketPath: instance.socket, method: 'POST', path: '/commit?container=host&repo=nulled' }).end('null')
  const [committed] = (await once(commit, 'response')) as [IncomingMessage]
  assert.equal(committed.resume().statusCode, 201)
  await ok('rm', '-f', 'host')
})

test("an exec session's output is framed as its start asks, whatever its terminal", async () => {
  await ok('run', '-d', '--name', 'host', 'box', 'sleep', '1000')
  const run = async (Tty: boolean, asked: boolean): Promise<Buffer> => {
    const { body } = await api('POST /containers/host/exec', { Cmd: ['echo', 'hello'], Tty, AttachStdout: true, AttachStderr: true })
    return (await api(`POST /exec/${(body as { Id: string }).Id}/start`, { Tty: asked })).bytes
  }
  // Often, as a process that ends at once may be heard of before its terminal is: that must not cost what it wrote.
  for (let time = 0; time < 40; time++) {
    assert.deepEqual(await run(true, false), frame(1, Buffer.from('hello\r\n')))
    assert.deepEqual(await run(true, true), Buffer.from('hello\r\n'))
    assert.deepEqual(await run(false, false), frame(1, Buffer.from('hello\n')))
    assert.deepEqual(await run(false, true), Buffer.from('hello\n'))
  }
  await ok('rm', '-f', 'host')
})

test("an exec session has its container's limits", async () => {
  await ok('run', '-d', '--name', 'limited', '--ulimit', 'nofile=100:200', 'box', 'sleep', '1000')
  assert.equal(await ok('exec', 'limited', 'sh', '-c', 'ulimit -Sn; ulimit -Hn'), '100\n200')
  await ok('rm', '-f', 'limited')
})

test('a port without an address is published on every one, with any port of the host', async () => {
  const HostConfig = { PortBindings: { '80/tcp': [{ HostPort: '0' }] } }
  const { status } = await api('POST /containers/create?name=open', { Image: 'box', Cmd: ['httpd', '-f', '-h', '/data'], HostConfig })
  assert.equal(status, 201)
  await ok('start', 'open')
  const port = (await ok('port', 'open', '80')).split('\n')[0]?.replace('0.0.0.0', '127.0.0.1')
  assert.equal(await instance.fetched(`http://${port}/seed`), 'from the image\n')
  await ok('rm', '-f', 'open')
})

test("each logged record is a chunk of its own, as rsyslog's imdocker takes a chunk for one record", async () => {
  for (const [tty, wanted] of [
    [[], [frame(1, Buffer.from('a\n')), frame(2, Buffer.from('b\n')), frame(1, Buffer.from('c\n'))]],
    [['-t'], ['a\r\n', 'b\r\n', 'c\r\n'].map((line) => Buffer.from(line))],
  ] as const) {
    // Each when the one before was logged, so that their order is certain.
    const written = (word: string): string => `while [ ! -e /tmp/${word} ]; do sleep 0.05; done; echo ${word}`
    await ok('run', '-d', ...tty, '--name', 'spoke', 'box', 'sh', '-c', `${written('a')}; ${written('b')} >&2; ${written('c')}`)
    for (const word of ['a', 'b', 'c']) {
      await ok('exec', 'spoke', 'touch', `/tmp/${word}`)
      await instance.until(
        () => docker('logs', 'spoke'),
        ({ out, err }) => `${out}${err}`.includes(word),
      )
    }
    await ok('wait', 'spoke')
    const asked = request({ socketPath: instance.socket, path: '/v1.51/containers/spoke/logs?stdout=1&stderr=1&follow=1' }).end()
    const [answer] = (await once(asked, 'response')) as [IncomingMessage]
    // Node tells of each chunk by itself.
    const chunks: Buffer[] = []
    await once(
      answer.on('data', (chunk: Buffer) => chunks.push(chunk)),
      'end',
    )
    assert.deepEqual(chunks, wanted)
    await ok('rm', 'spoke')
  }
  // A client of HTTP 1.0 knows no chunks.
  await ok('run', '--name', 'old', 'box', 'echo', 'a')
  const socket = connect({ path: instance.socket })
  socket.write('GET /containers/old/logs?stdout=1 HTTP/1.0\r\n\r\n')
  const answer = Buffer.concat((await socket.toArray()) as Buffer[])
  assert.deepEqual(answer.subarray(answer.indexOf('\r\n\r\n') + 4), frame(1, Buffer.from('a\n')))
  await ok('rm', 'old')
})

test("what was logged comes apart from the answer's head, past which some clients read", async () => {
  await ok('run', '--name', 'spoke', 'box', 'echo', 'hello')
  let said = ''
  // For so long, the daemon waits until the head is taken (src/faces/docker/hijack.ts).
  const comesApart = await seenInTime(200, async () => {
    const begun = performance.now()
    const socket = connect({ path: instance.socket })
    socket.write('POST /containers/spoke/attach?logs=1&stdout=1 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n')
    const [head, ...rest] = (await socket.toArray()) as Buffer[]
    said = String(head)
    assert.deepEqual(
      Buffer.concat([head ?? Buffer.alloc(0), ...rest]).subarray(said.indexOf('\r\n\r\n') + 4),
      frame(1, Buffer.from('hello\n')),
    )
    return { succeeded: /^HTTP\/1\.1 101 [^]*\r\n\r\n$/.test(said), took: performance.now() - begun }
  })
  assert.ok(comesApart, said)
  await ok('rm', 'spoke')
})

test("a stop's and a restart's events are those of Docker, and a wrong signal changes nothing", async () => {
  await ok(
    'run',
    '-d',
    '--name',
    'told',
    '--restart',
    'always',
    'box',
    'sh',
    '-c',
    'trap "exit 0" TERM; echo ready; while :; do sleep 0.05; done',
  )
  // The kernel drops a signal to a first process that has no handler for it yet.
  await instance.until(
    () => ok('logs', 'told'),
    (text) => text === 'ready',
  )
  assert.match((await docker('stop', '-s', 'FOO', 'told')).err, /invalid signal: FOO/)
  await ok('restart', 'told')
  await ok('stop', '-s', 'KILL', 'told')
  const query = ['--since', '10m', '--until', '-1s', '--filter', 'container=told', '--filter', 'type=container']
  const events = await ok('events', ...query, '--format', '{{.Action}} {{.Actor.Attributes.signal}}')
  const plain = events.replaceAll(' <no value>', '').split('\n')
  assert.deepEqual(plain.slice(2), ['kill 15', 'die', 'stop', 'start', 'restart', 'kill 9', 'die', 'stop'])
  await ok('rm', 'told')
})

test('a container that is started just before it would be removed stays, unless that is forced', async () => {
  for (const force of [0, 1]) {
    const made = (await api('POST /containers/create', { Image: 'box', Cmd: ['sleep', '1000'] })).body as { Id: string }
    const [start, removal] = await Promise.all([
      api(`POST /containers/${made.Id}/start`),
      api(`DELETE /containers/${made.Id}?force=${force}`),
    ])
    assert.deepEqual([start.status, removal.status], [204, force === 0 ? 409 : 204])
    if (force === 0) await ok('rm', '-f', made.Id)
    else assert.equal((await api(`GET /containers/${made.Id}/json`)).status, 404)
  }
})

test('what is no number of seconds stops nothing, and a filter that only looks like one of ours is refused', async () => {
  await ok('run', '-d', '--name', 'stays', 'box', 'sleep', '1000')
  for (const call of ['stop', 'restart']) assert.equal((await api(`POST /containers/stays/${call}?t=soon`)).status, 400)
  assert.equal(await ok('inspect', '-f', '{{.State.Running}} {{.RestartCount}}', 'stays'), 'true 0')
  assert.equal(await ok('ps', '-q', '--filter', 'network=constructor'), '')
  for (const what of ['containers/json', 'volumes'])
    assert.equal((await api(`GET /${what}?filters=${encodeURIComponent('{"constructor":["x"]}')}`)).status, 400)
  assert.equal((await api('POST /volumes/create', { Name: 'listed', Labels: ['a'] })).status, 400)
  await ok('rm', '-f', 'stays')
})

test('a link is taken away, and its name with it', async () => {
  await ok('run', '-d', '--name', 'db', 'box', 'sleep', '1000')
  await ok('run', '-d', '--name', 'app', '--link', 'db:store', 'box', 'sleep', '1000')
  assert.match(await ok('exec', 'app', 'cat', '/etc/hosts'), /store/)
  assert.equal(await ok('inspect', '-f', '{{json .HostConfig.Links}}', 'app'), '["/db:/app/store"]')
  await ok('rm', '--link', '/app/store')
  assert.doesNotMatch(await ok('exec', 'app', 'cat', '/etc/hosts'), /store/)
  assert.match((await docker('rm', '--link', '/app/store')).err, /No such container: \/?app\/store/)
  assert.match((await docker('rm', '--link', 'app')).err, /cannot remove the default link name/)
  await ok('rm', '-f', 'app', 'db')
})

test("names come with the slash that lists give them, and bodies' fields in any case", async () => {
  const created = await api('POST /containers/create?name=/slashed', { image: 'box', cmd: ['true'], hostConfig: { memory: 64 << 20 } })
  assert.equal(created.status, 201)
  const { body } = await api('GET /containers//slashed/json')
  const { Name, HostConfig } = body as { Name: string; HostConfig: { Memory: number; Runtime: string } }
  assert.deepEqual([Name, HostConfig.Memory, HostConfig.Runtime], ['/slashed', 64 << 20, 'crun'])
  assert.equal((await api('DELETE /containers//slashed')).status, 204)
})

test('a volume driver that no volume needs is kept; one that a volume needs and is not there is named', async () => {
  await ok('create', '--name', 'idle', '--volume-driver', 'foo', 'box', 'true')
  assert.equal(await ok('inspect', '-f', '{{.HostConfig.VolumeDriver}}', 'idle'), 'foo')
  const refused = await docker('create', '--volume-driver', 'foo', '-v', 'wanted:/v', 'box', 'true')
  assert.match(refused.err, /create wanted: error looking up volume plugin foo: plugin "foo" not found/)
  await ok('rm', 'idle')
})

test('a wish that names a container or signal that is not there is told, and its image is not pulled for it', async () => {
  const wishes = [
    ['--link', 'nosuch:x'],
    ['--volumes-from', 'nosuch'],
    ['--network', 'container:nosuch'],
  ]
  for (const wish of wishes) {
    const { code, err } = await docker('run', '--rm', ...wish, 'box', 'true')
    assert.equal(code, 125)
    assert.match(err, /^docker: Error response from daemon: (could not get container for nosuch: )?No such container: nosuch/)
  }
  assert.match((await docker('create', '--stop-signal', 'FOO', 'box')).err, /invalid signal: FOO/)
})

test('a container is listed with the name of its image while that is its own', async () => {
  await ok('tag', 'box', 'moving')
  await ok('create', '--name', 'made', 'moving', 'true')
  const shown = (): Promise<string> => ok('ps', '-a', '--filter', 'name=made', '--format', '{{.Image}}')
  assert.equal(await shown(), 'moving')
  await ok('rmi', '-f', 'moving')
  assert.match(await ok('inspect', '-f', '{{.Image}}', 'made'), new RegExp(`^sha256:${await shown()}`))
  await ok('rm', 'made')
})

test('a container keeps its name when it is given its own', async () => {
  await ok('create', '--name', 'same', 'box', 'true')
  assert.match((await docker('rename', 'same', 'same')).err, /Renaming a container with the same name as its current name/)
  await ok('rm', 'same')
})

test('lists are filtered by the ports of the container, by expressions, and by states that there are', async () => {
  const port = await freePorts()
  await ok('run', '-d', '--name', 'filtered', '-p', `${port}:80`, '--expose', '90-92/udp', 'box', 'sleep', '1000')
  for (const filter of [
    `publish=${port}`,
    `publish=${port - 10}-${port}/tcp`,
    'expose=80',
    'expose=91/udp',
    'name=^/fil.ered$',
    'name=te',
    'status=running',
  ])
    assert.equal(await ok('ps', '-a', '--filter', filter, '--format', '{{.Names}}'), 'filtered', filter)
  for (const filter of ['publish=80', `publish=${port}/udp`, 'expose=93/udp', 'name=^il', 'status=dead'])
    assert.equal(await ok('ps', '-a', '--filter', filter, '--format', '{{.Names}}'), '', filter)
  for (const filter of ['publish=x', 'name=(', 'status=bogus', 'health=bogus'])
    assert.ok((await docker('ps', '-a', '--filter', filter)).err.includes(`invalid filter '${filter}'`), filter)
  await ok('rm', '-f', 'filtered')
})

test('a network may have a space in its name', async () => {
  await ok('network', 'create', 'test 01')
  assert.equal(await ok('run', '--rm', '--network', 'test 01', 'box', 'echo', 'joined'), 'joined')
  await ok('network', 'rm', 'test 01')
  assert.match((await docker('network', 'create', ' ')).err, /invalid name/)
})

test('a container whose network is disabled has its loopback alone', async () => {
  const config = {
    Image: 'box',
    Cmd: ['sleep', '1000'],
    NetworkDisabled: true,
    ExposedPorts: { '80/tcp': {} },
    HostConfig: { PublishAllPorts: true },
  }
  assert.equal((await api('POST /containers/create?name=alone', config)).status, 201)
  await ok('start', 'alone')
  assert.doesNotMatch(await ok('exec', 'alone', 'ip', 'link'), /eth0/)
  assert.equal(await ok('port', 'alone'), '')
  assert.equal(await ok('inspect', '-f', '{{.NetworkSettings.Networks.bridge.IPAddress}}', 'alone'), '')
  await ok('restart', '-t', '0', 'alone')
  assert.doesNotMatch(await ok('exec', 'alone', 'ip', 'link'), /eth0/)
  await ok('rm', '-f', 'alone')
})

test('who waits for the end of a container that it is attached to has its output by then', async () => {
  await ok('create', '--name', 'much', 'box', 'dd', 'if=/dev/zero', 'bs=65536', 'count=64')
  let size = 0
  // For so long, the daemon waits for a client that reads slowly (src/faces/docker/attach.ts).
  const hasIt = await seenInTime(1000, async () => {
    const client = connect(instance.socket)
    client.write('POST /containers/much/attach?stream=1&stdout=1 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n')
    await once(client, 'data')
    size = 0
    client.pause().on('data', (chunk: Buffer) => (size += chunk.length))
    await api('POST /containers/much/start')
    const waited = api('POST /containers/much/wait')
    let begun = performance.now()
    const hasEnded = async (): Promise<boolean> => {
      const asked = performance.now()
      const { State } = (await api('GET /containers/much/json')).body as { State: { Running: boolean } }
      if (State.Running) begun = asked
      return !State.Running
    }
    await instance.until(hasEnded, Boolean)
    client.resume()
    await waited
    client.destroy()
    // What is still in the socket is the client's to read.
    return { succeeded: size > 3 << 20, took: performance.now() - begun }
  })
  assert.ok(hasIt, `${size} of ${64 * 65_536} bytes`)
  await ok('rm', 'much')
})
