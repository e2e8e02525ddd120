import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import { BuildContexts, type Files } from './build-contexts.ts'
import type { Outcome } from './instance.ts'
import { usePlugins } from './plugins.ts'
import { InstanceOnSmallDisk } from './small-disk.ts'

/** Builds whose disk has no room left, in each of their phases: said in the client's way, nothing left behind, and right as soon as there is room. */
const instance = new InstanceOnSmallDisk(96)
const { directory, left } = new BuildContexts(instance)
const withBuildx = await usePlugins(instance, 'docker-buildx')
const { disk } = instance

before(async () => {
  await instance.start()
  await instance.importBox()
})

after(async () => {
  await instance.docker('rm', '-f', ...(await instance.ok('ps', '-aq')).split('\n'))
  await instance[Symbol.asyncDispose]()
})

const megabyte = 1 << 20
const random = (bytes: number): string => randomBytes(bytes / 2).toString('hex')

const clients = {
  'docker build': (context: string, ...options: string[]) =>
    instance.command('docker', ['build', ...options, context], { env: { DOCKER_BUILDKIT: '0' } }),
  'docker buildx build': (context: string, ...options: string[]) =>
    instance.docker('buildx', 'build', '--progress=plain', ...options, context),
  'galley build': (context: string, ...options: string[]) => instance.galley('build', '--progress=plain', ...options, context),
} as const satisfies Record<string, (context: string, ...options: string[]) => Promise<Outcome>>

const measured =
  /(no space left on device|the disk with \S+ is full) \([\d.]+ k?M?B of 101 MB are free on the disk with \S+\)[^]*Make room: docker system prune/

interface Case {
  readonly name: string
  /** Bytes that are free. */
  readonly room: number
  readonly files: () => Files
  readonly options?: readonly string[]
  readonly said?: RegExp
}

const cases: readonly Case[] = [
  {
    name: 'while the context comes',
    room: 2 * megabyte,
    files: () => ({ Dockerfile: 'FROM box\nCOPY large /\n', large: random(4 * megabyte) }),
  },
  {
    name: 'while an inline file is written down',
    room: 8 << 10,
    files: () => ({ Dockerfile: `FROM box\nCOPY <<END /inline\n${random(9000)}\nEND\n` }),
  },
  {
    name: 'while a command writes',
    room: 3 * megabyte,
    files: () => ({ Dockerfile: `FROM box\nRUN echo ${random(16)} && dd if=/dev/urandom of=/large bs=1M count=6\n` }),
    said: /No space left on device[^]*galley: The command has no room left to write[^]*of 101 MB are free[^]*docker builder prune[^]*galley explain no-space-left/,
  },
  {
    name: 'while a directory is made',
    room: 0,
    files: () => ({ Dockerfile: `FROM box\nWORKDIR /${random(16)}\n` }),
  },
  {
    name: 'while the image is stored',
    room: 0,
    files: () => ({ Dockerfile: `FROM box\nENV unique=${random(16)}\n` }),
  },
]

for (const [client, build] of Object.entries(clients)) {
  const skip = client === 'docker buildx build' && !withBuildx ? 'no suite that has buildx can be reached' : false
  for (const { name, room, files, options = ['-t', 'result'], said = measured } of cases)
    test(`${client}: a disk that is full ${name} is said, and the next build is right`, { skip }, async () => {
      const context = directory(files())
      const before = await instance.ok('images', '-aq')
      disk.leave(room)
      const failed = await build(context, ...options)
      disk.clear()
      assert.equal(failed.code !== 0, true)
      assert.match(`${failed.out}${failed.err}`, said)
      assert.doesNotMatch(`${failed.out}${failed.err}`, /ENOSPC|broke off/)
      // The classic builder keeps the container of a command that failed.
      const kept = (await instance.ok('ps', '-aq')).split('\n').filter((id) => id !== '')
      assert.equal(kept.length, client === 'docker build' && said !== measured ? 1 : 0)
      if (kept.length > 0) await instance.ok('rm', ...kept)
      if (kept.length === 0) assert.equal(await instance.ok('images', '-aq'), before)
      await instance.until(left, (found) => found.length === 0)
      const again = await build(context, ...options)
      assert.equal(again.code, 0, again.out + again.err)
    })
}

/** Takes all the room, and what the store keeps for taking things away as well. */
async function brim(): Promise<void> {
  disk.leave(0)
  await instance.until(
    () => instance.docker('volume', 'create'),
    ({ code }) => {
      disk.leave(0)
      return code !== 0
    },
  )
}

const wholly = {
  'that finds no room at all': { room: 0, command: `echo ${random(16)} >/file` },
  'that takes all the room': { room: megabyte, command: 'dd if=/dev/urandom of=/all bs=64k; true' },
} as const

for (const [what, { room, command }] of Object.entries(wholly))
  test(`a command ${what} leaves no container, and the next build is right`, async () => {
    await brim()
    disk.leave(room)
    const { code, err } = await clients['galley build'](directory({ Dockerfile: `FROM box\nRUN ${command}\n` }))
    assert.equal(code, 1)
    assert.match(err, measured)
    assert.equal(await instance.ok('ps', '-aq'), '')
    disk.clear()
    await instance.until(left, (found) => found.length === 0)
    const again = await clients['galley build'](directory({ Dockerfile: `FROM box\nRUN echo ${random(16)}\n` }))
    assert.equal(again.code, 0, again.err)
  })

test(
  'the history has builds that found no room for their record',
  { skip: withBuildx ? false : 'no suite that has buildx can be reached' },
  async () => {
    disk.leave(0)
    const failed = await clients['docker buildx build'](
      directory({ Dockerfile: `FROM box\nENV recorded=${random(16)}\n` }),
      '-t',
      'recorded',
    )
    disk.clear()
    assert.notEqual(failed.code, 0)
    const list = await instance.ok('buildx', 'history', 'ls', '--format', '{{.Status}}')
    assert.equal(list.split('\n')[0], 'Error')
  },
)
