import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { after, afterEach, before, test } from 'node:test'
import { memberBytes, paxBytes, tarBytes, type Given } from '#content/layers/tar-fixture.ts'
import type { RpcHandler } from '#faces/buildkit/grpc/serve.ts'
import { packet } from '#faces/buildkit/messages/session.ts'
import { encode } from '#faces/buildkit/wire/message.ts'
import { BuildkitClient, definition, diffCopy, directories } from './buildkit-client.ts'
import { Instance, type Outcome } from './instance.ts'

/** Contexts that nobody packs and no client sends by mistake: each is refused, and costs no more than its own build. */
const instance = new Instance()
const client = new BuildkitClient(instance.socket)
let pid = 0

before(async () => {
  await instance.start()
  await instance.importBox()
  pid = instance.daemonPid()
})

afterEach(async () => {
  assert.equal(instance.daemonPid(), pid)
  await instance.until(
    () => readdirSync(`${instance.data}/build/work`),
    (left) => left.length === 0,
  )
})

after(async () => {
  client[Symbol.dispose]()
  await instance.stop()
})

const dockerfile = { path: 'Dockerfile', body: 'FROM box\nCOPY . /all\n' }

/** By the classic builder, with an archive that docker passes on as it is. */
const buildArchive = (...members: readonly (Given | Buffer)[]): Promise<Outcome> =>
  instance.command('docker', ['build', '-'], { input: tarBytes(...members) })

const archives: Readonly<Record<string, { readonly members: readonly (Given | Buffer)[]; readonly said: RegExp }>> = {
  'a Dockerfile that is a FIFO': { members: [{ ...dockerfile, body: '', type: 'fifo' }], said: /Cannot locate specified Dockerfile/ },
  'a Dockerfile that is a device': { members: [{ ...dockerfile, body: '', type: 'character', major: 1, minor: 5 }], said: /device/ },
  'a Dockerfile that is a directory': { members: [{ path: 'Dockerfile/', type: 'directory' }], said: /Cannot locate specified Dockerfile/ },
  'a Dockerfile that is a link to itself': {
    members: [{ path: 'Dockerfile', type: 'symlink', target: 'Dockerfile' }],
    said: /Dockerfile|symbolic links/,
  },
  'links in a circle': {
    members: [
      { path: 'Dockerfile', type: 'symlink', target: 'other' },
      { path: 'other', type: 'symlink', target: 'Dockerfile' },
    ],
    said: /Dockerfile|symbolic links/,
  },
  'a Dockerfile that is a link to a device of the host': {
    members: [{ path: 'Dockerfile', type: 'symlink', target: '/dev/zero' }],
    said: /Cannot locate specified Dockerfile/,
  },
  'a Dockerfile of 17 MiB': { members: [{ ...dockerfile, body: Buffer.alloc(17 << 20, '#') }], said: /Dockerfile is larger than 16 MiB/ },
  'an ignore file of 17 MiB': {
    members: [dockerfile, { path: '.dockerignore', body: Buffer.alloc(17 << 20, 'x\n') }],
    said: /\.dockerignore is larger than 16 MiB/,
  },
  'an ignore file that is a FIFO': {
    members: [
      { ...dockerfile, body: 'FROM box\n' },
      { path: '.dockerignore', type: 'fifo' },
    ],
    said: /Successfully built/,
  },
  'a hard link to a file of the host': {
    members: [dockerfile, { path: 'stolen', type: 'link', target: '../../../../../../etc/passwd' }],
    said: /outside|can't be made|no such file/,
  },
  'a hard link through a symbolic one': {
    members: [dockerfile, { path: 'up', type: 'symlink', target: '/etc' }, { path: 'stolen', type: 'link', target: 'up/passwd' }],
    said: /outside|can't be made|no such file/,
  },
  'a block device': { members: [dockerfile, { path: 'disk', type: 'block', major: 8, minor: 0 }], said: /holds a device/ },
  'a name of 300 bytes': {
    members: [dockerfile, paxBytes({ path: 'n'.repeat(300) }), { path: 'short' }],
    said: /can't be made: file name too long/,
  },
  'a path of 100,000 bytes': {
    members: [dockerfile, paxBytes({ path: 'd/'.repeat(50_000) }), { path: 'short' }],
    said: /longer than 4095 bytes/,
  },
  'a file of a petabyte that is all holes': {
    members: [
      dockerfile,
      paxBytes({ 'GNU.sparse.major': '1', 'GNU.sparse.minor': '0', 'GNU.sparse.name': 'holes', 'GNU.sparse.realsize': String(2 ** 50) }),
      memberBytes({ path: 'holes', body: Buffer.alloc(512, '0\n', 'latin1') }),
    ],
    said: /sparse files are larger than/,
  },
  'an archive that breaks off': {
    members: [dockerfile, memberBytes({ path: 'large', body: 'x'.repeat(5000) }).subarray(0, 1024)],
    said: /unexpected|truncated|ends|damaged/,
  },
}

for (const [what, { members, said }] of Object.entries(archives))
  test(`classic builder: ${what}`, async () => {
    const { out, err } = await buildArchive(...members)
    assert.match(`${out}${err}`, said)
    assert.equal(out.includes('root:x:'), false)
  })

const entry = (path: string, more: object = {}) => ({ type: 0, stat: { path, mode: 0o644, size: 5, ...more } })
const end = { type: 0 }
const [directoryBit, linkBit, fifoBit, deviceBit] = [2 ** 31, 2 ** 27, 2 ** 25, 2 ** 26]

const sound = definition('FROM box\nCOPY . /all\n')

const listings: Readonly<Record<string, { readonly entries: readonly ReturnType<typeof entry>[]; readonly said: RegExp }>> = {
  'a name of 300 bytes': { entries: [entry('n'.repeat(300))], said: /can't be made: file name too long/ },
  'a path of 5000 bytes': { entries: [entry('n'.repeat(5000))], said: /invalid name or link/ },
  'a link with a zero byte': { entries: [entry('link', { mode: linkBit + 0o777, link: 'a\0b' })], said: /invalid name or link/ },
  'a link to nothing at all': { entries: [entry('link', { mode: linkBit + 0o777, link: '' })], said: /can't be made: no such file/ },
  'a device': { entries: [entry('zero', { mode: deviceBit + 0o666, deviceMajor: 1, deviceMinor: 5 })], said: /holds a device/ },
  'a mode of no kind': { entries: [entry('odd', { mode: 2 ** 19 })], said: /holds a device|can't be made/ },
}

for (const [what, { entries, said }] of Object.entries(listings))
  test(`session: ${what}`, async () => {
    const context = { packets: [...entries, end], content: entries.map(() => 'wrote') }
    await assert.rejects(client.solve({ [diffCopy]: directories({ dockerfile: sound, context }) }), said)
  })

for (const [what, mode] of Object.entries({ FIFO: fifoBit, directory: directoryBit, device: deviceBit }))
  test(`session: a Dockerfile that is a ${what}`, async () => {
    const packets = [entry('Dockerfile', { mode: mode + 0o644 }), end]
    await assert.rejects(client.solve({ [diffCopy]: directories({ dockerfile: { packets } }) }), /failed to read dockerfile|Dockerfile/)
  })

test('session: a Dockerfile that is a link to itself', async () => {
  const packets = [entry('Dockerfile', { mode: linkBit + 0o777, link: 'Dockerfile' }), end]
  await assert.rejects(client.solve({ [diffCopy]: directories({ dockerfile: { packets } }) }), /Dockerfile/)
})

test('session: a Dockerfile that never ends is not waited for, nor kept', async () => {
  const piece = encode(packet, { type: 2, id: 0, data: Buffer.alloc(1 << 18, '#') })
  let sent = 0
  const endless: RpcHandler = async (call) => {
    for (const each of sound.packets) await call.send(encode(packet, each))
    for (; !call.signal.aborted && sent < 4096; sent++) await call.send(piece)
  }
  await assert.rejects(client.solve({ [diffCopy]: endless }), /Dockerfile is larger than 16 MiB/)
  assert.ok(sent < 1024, `${sent} pieces of 256 KiB were taken`)
})

test('session: files that are shorter or longer than told, and of any time, are what came', async () => {
  const times = { modified: 2n ** 63n - 1n }
  const packets = [entry('long', { size: 1, ...times }), entry('none', { size: 2 ** 50 }), entry('old', { modified: -(2n ** 62n) }), end]
  const context = { packets, content: ['longer', 'n', 'old'] }
  const text = 'FROM box\nCOPY . /all\nRUN test "$(cat /all/long)$(cat /all/none)$(cat /all/old)" = longernold\n'
  await client.solve({ [diffCopy]: directories({ dockerfile: definition(text), context }) })
})

test('a step whose directories lie too deep for a path fails, and nothing of it stays', async () => {
  const steps = `cd /tmp; mkdir one; for n in $(seq 30); do mkdir two; mv one two/${'d'.repeat(200)}; mv two one; done`
  const text = `FROM box\nRUN ${steps}\n`
  await assert.rejects(
    client.solve({ [diffCopy]: directories({ dockerfile: definition(text) }) }),
    /a path in the new files is longer than 4096 bytes/,
  )
  await instance.until(
    () => ['trash', 'layers/arriving', 'containers'].flatMap((name) => readdirSync(`${instance.data}/${name}`)),
    (left) => left.length === 0,
  )
})
