import assert from 'node:assert/strict'
import { existsSync, readdirSync } from 'node:fs'
import { after, before, test, type TestContext } from 'node:test'
import { BuildContexts, type Files } from './build-contexts.ts'
import { Instance, type Outcome } from './instance.ts'
import { Layout, type LayoutDocument } from './layouts.ts'
import { usePlugins } from './plugins.ts'
import { RegistryServer } from './registry-server.ts'

/** What buildx has said of images: annotations, and attestations of how they were made and what is in them. */
const instance = new Instance()
const contexts = new BuildContexts(instance)
const available = await usePlugins(instance, 'docker-buildx')
const skip = available ? false : 'no suite that has buildx can be reached'

const scratch = { 'a.txt': 'a', Dockerfile: 'FROM scratch\nCOPY a.txt /\n' }

before(async () => {
  await instance.start()
  await instance.importBox()
})

after(() => instance.stop())

const build = (files: Files, ...options: string[]): Promise<Outcome> =>
  instance.docker('buildx', 'build', '--progress=plain', ...options, contexts.directory(files))

async function built(files: Files, ...options: string[]): Promise<string> {
  const { code, out, err } = await build(files, ...options)
  assert.equal(code, 0, err + out)
  return err
}

let count = 0
/** Builds into an image layout. */
async function layoutOf(files: Files, ...options: string[]): Promise<Layout> {
  const tar = `${instance.home}/layout-${count++}.tar`
  await built(files, '-o', `type=oci,dest=${tar}`, ...options)
  return Layout.of(instance, tar)
}

test('annotations stand in manifests, in the index and in the entries that name them', { skip }, async () => {
  const both = await layoutOf(
    scratch,
    '--platform=linux/amd64,linux/arm64',
    '--annotation=plain=1',
    '--annotation=manifest[linux/arm64]:arm=2',
    '--annotation=manifest-descriptor[linux/amd64]:named=3',
    '--annotation=index,index-descriptor:whole=4',
  )
  assert.deepEqual(both.top.annotations, { whole: '4' })
  const index = both.json(both.top)
  assert.deepEqual(index.annotations, { whole: '4' })
  const [amd, arm] = index.manifests ?? []
  assert.ok(amd !== undefined && arm !== undefined)
  assert.deepEqual([amd.annotations, arm.annotations], [{ named: '3' }, undefined])
  assert.deepEqual([both.json(amd).annotations, both.json(arm).annotations], [{ plain: '1' }, { plain: '1', arm: '2' }])
  const one = await layoutOf(scratch, '--annotation=plain=1', '--annotation=manifest-descriptor:named=3')
  assert.equal(one.top.annotations?.['named'], '3')
  assert.deepEqual(one.json(one.top).annotations, { plain: '1' })
})

test('annotations without a place are refused', { skip }, async () => {
  const index = await build(scratch, '--annotation=index:a=b', '-o', `type=oci,dest=${instance.home}/none.tar`)
  assert.match(index.err, /index annotations not supported for single platform export/)
  const platform = await build(scratch, '--annotation=manifest[linux/s390x]:a=b', '-o', `type=oci,dest=${instance.home}/none.tar`)
  assert.match(platform.err, /invalid annotation: no platform linux\/s390x found in source/)
})

test('an image in the store keeps its annotations for whoever saves or pushes it, until it is built without', { skip }, async () => {
  const annotations = async (): Promise<unknown> => {
    const tar = `${instance.home}/saved-${count++}.tar`
    await instance.ok('save', '-o', tar, 'annotated')
    const layout = await Layout.of(instance, tar)
    return layout.json(layout.top).annotations
  }
  await built(scratch, '-t', 'annotated', '--annotation=kept=yes', '-o', 'type=image')
  assert.deepEqual(await annotations(), { kept: 'yes' })
  instance.killDaemon()
  await instance.start()
  assert.deepEqual(await annotations(), { kept: 'yes' })
  await built(scratch, '-t', 'annotated')
  assert.equal(await annotations(), undefined)
})

test('an index goes to registries, to a foreign one and to our own', { skip }, async (t: TestContext) => {
  if (!existsSync('/usr/bin/docker-registry')) return t.skip('docker-registry is not installed')
  await using registry = new RegistryServer(24_060)
  await registry.start()
  const own = `localhost:${19_000 + (process.pid % 1000)}`
  const started = await instance.galley('registry', 'start', '--listen', own.replace('localhost', '127.0.0.1'), '--anonymous', 'push')
  assert.equal(started.code, 0, started.err)
  for (const host of [registry.host, own]) {
    const name = `${host}/team/both:1`
    await built(scratch, '--platform=linux/amd64,linux/arm64', '--annotation=index:whole=4', '--annotation=a=b', '-t', name, '--push')
    const raw = JSON.parse(await instance.ok('buildx', 'imagetools', 'inspect', '--raw', name)) as LayoutDocument
    assert.deepEqual(raw.annotations, { whole: '4' })
    const images = (raw.manifests ?? []).filter(({ platform }) => platform?.os === 'linux')
    assert.deepEqual(
      images.map(({ platform }) => platform?.architecture),
      ['amd64', 'arm64'],
    )
    for (const { digest } of images) {
      const manifest = await instance.ok('buildx', 'imagetools', 'inspect', '--raw', `${host}/team/both@${digest}`)
      assert.deepEqual((JSON.parse(manifest) as LayoutDocument).annotations, { a: 'b' })
    }
  }
})

test('files of several platforms have a directory for each', { skip }, async () => {
  const files = { Dockerfile: 'FROM scratch\nARG TARGETARCH\nCOPY ${TARGETARCH}.txt /d/file\n', 'amd64.txt': 'x', 'arm64.txt': 'a' }
  const directory = `${instance.home}/several`
  await built(files, '--platform=linux/arm64,linux/amd64', '-o', directory)
  assert.deepEqual(readdirSync(directory, { recursive: true }).toSorted(), [
    'linux_amd64',
    'linux_amd64/d',
    'linux_amd64/d/file',
    'linux_arm64',
    'linux_arm64/d',
    'linux_arm64/d/file',
  ])
  const tar = `${instance.home}/several.tar`
  await built(files, '--platform=linux/arm64,linux/amd64', '-o', `type=tar,dest=${tar}`)
  const { out } = await instance.command('tar', ['-tf', tar])
  assert.deepEqual(out.trim().split('\n').toSorted(), [
    'linux_amd64/',
    'linux_amd64/d/',
    'linux_amd64/d/file',
    'linux_arm64/',
    'linux_arm64/d/',
    'linux_arm64/d/file',
  ])
  assert.equal((await instance.command('tar', ['-xOf', tar, 'linux_arm64/d/file'])).out, 'a')
})
