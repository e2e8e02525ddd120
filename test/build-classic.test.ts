import assert from 'node:assert/strict'
import { existsSync, readdirSync, rmdirSync } from 'node:fs'
import { test } from 'node:test'
import { BuildContexts } from './build-contexts.ts'
import { instanceWithBox } from './instance-with-box.ts'

/** What Docker's classic builder does otherwise than BuildKit, as its own tests have it (moby, integration-cli). */
const instance = instanceWithBox()
const { build, built, directory } = new BuildContexts(instance)
const { ok } = instance

test('nothing but FROM scratch gives no image', async () => {
  const { code, err } = await build({ Dockerfile: 'FROM scratch\n' })
  assert.equal(code, 1)
  assert.match(err, /^No image was generated\. Is your Dockerfile empty\?$/m)
  await built({ Dockerfile: 'FROM scratch AS base\nFROM base\nLABEL a=b\n' })
  await built({ Dockerfile: 'FROM scratch\n' }, '--label', 'a=b')
})

test('an image from scratch has no working directory but its own', async () => {
  await built({ Dockerfile: 'FROM box\nWORKDIR /one\nFROM scratch\nENV a=b\n' }, '-t', 'bare')
  assert.equal(await ok('inspect', '-f', '{{.Config.WorkingDir}}', 'bare'), '')
  await built({ Dockerfile: 'FROM scratch\nWORKDIR sub\n' }, '-t', 'bare')
  assert.equal(await ok('inspect', '-f', '{{.Config.WorkingDir}}', 'bare'), '/sub')
})

test('the history has the default of an argument, not what was given', async () => {
  const Dockerfile = 'FROM box\nARG token=none\nARG bare\n'
  await built({ Dockerfile }, '-t', 'given', '--build-arg', 'token=secret', '--build-arg', 'bare=hidden')
  const history = await ok('history', '--no-trunc', '--format', '{{.CreatedBy}}', 'given')
  assert.match(history, /^ARG bare\nARG token=none$/m)
  assert.doesNotMatch(history, /secret|hidden/)
})

test('an argument without a value that nothing asks for is told of too', async () => {
  assert.match(
    await built({ Dockerfile: 'FROM box\n' }, '--build-arg', 'UNSET_HERE', '--build-arg', 'GIVEN=1'),
    /\[Warning\] One or more build-args \[GIVEN UNSET_HERE\] were not consumed/,
  )
})

test('without the cache, the image is another one', async () => {
  const Dockerfile = 'FROM box\nLABEL same=same\n'
  const id = async (...options: string[]): Promise<string> => {
    await built({ Dockerfile }, '-t', 'same', ...options)
    return ok('inspect', '-f', '{{.Id}}', 'same')
  }
  const first = await id()
  assert.equal(await id(), first)
  const second = await id('--no-cache')
  assert.notEqual(second, first)
  assert.equal(await id(), second)
})

test('the order of ports makes no other image', async () => {
  const id = async (ports: string): Promise<string> => {
    await built({ Dockerfile: `FROM box\nEXPOSE ${ports}\n` }, '-t', 'ports')
    return ok('inspect', '-f', '{{.Id}}', 'ports')
  }
  assert.equal(await id('80 2375'), await id('2375 80'))
})

test('an empty CMD takes the command away, and an empty RUN runs it', async () => {
  await built({ Dockerfile: 'FROM box\nCMD ["true"]\nRUN []\nENTRYPOINT ["cat"]\nCMD []\n' }, '-t', 'cleared')
  assert.equal(await ok('inspect', '-f', '{{json .Config.Cmd}}', 'cleared'), 'null')
  assert.match((await build({ Dockerfile: 'FROM box\nCMD ["false"]\nRUN []\n' })).err, /returned a non-zero code: 1/)
})

test('an image that --from names and nobody has is told of with the flag', async () => {
  const { err } = await build({ Dockerfile: 'FROM box\nCOPY --from=localhost:1/none a b\n' })
  assert.match(err, /^invalid from flag value localhost:1\/none: /m)
})

test('steps run in the parent group that is asked for', async (t) => {
  const parent = `/galley-test-${process.pid}`
  const control = '/sys/fs/cgroup'
  if (!existsSync(`${control}/memory`)) return t.skip('only cgroup version 1 is read here')
  const context = directory({ Dockerfile: 'FROM box\nRUN cat /proc/self/cgroup\n' })
  try {
    const classic = await instance.docker('build', '--no-cache', '--cgroup-parent', parent, context)
    assert.match(classic.out, new RegExp(`:memory:${parent}/`))
    const own = await instance.galley('build', '--progress=plain', '--no-cache', '--cgroup-parent', parent, context)
    assert.match(own.err, new RegExp(`:memory:${parent}/`))
  } finally {
    for (const controller of readdirSync(control))
      if (existsSync(`${control}/${controller}${parent}`)) rmdirSync(`${control}/${controller}${parent}`)
  }
})

test('a volume where the image has a file is refused', async () => {
  assert.match(
    (await build({ Dockerfile: 'FROM box\nVOLUME /data/seed\n' })).err,
    /cannot mount volume over existing file, file exists \/data\/seed/,
  )
  await built({ Dockerfile: 'FROM box\nVOLUME /data /new\n' })
})

test('a container that is kept has the labels and limits of the build, the image of it no limits', async () => {
  await built(
    { Dockerfile: 'FROM box\nRUN echo kept\n' },
    '--rm=false',
    '--no-cache',
    '--label',
    'mine=1',
    '--memory',
    '64m',
    '-t',
    'limited',
  )
  const id = await ok('ps', '-lq', '--filter', 'label=mine=1')
  assert.equal(await ok('inspect', '-f', '{{.HostConfig.Memory}}', id), String(64 << 20))
  assert.equal(await ok('inspect', '-f', '{{.HostConfig.Memory}}', await ok('create', 'limited', 'true')), '0')
  await ok('rm', ...(await ok('ps', '-aq')).split('\n'))
})
