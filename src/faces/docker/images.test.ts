import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { systemClock } from '#base/clock.ts'
import { BlobStore } from '#content/blobs/store.ts'
import { LayerStore } from '#content/layers/store.ts'
import { Images } from '#engine/images/images.ts'
import { openMemoryStore } from '#store/memory/open.ts'
import { imageRoutes } from './images.ts'
import { serveDocker } from './server.ts'

const run = promisify(execFile)
const client = ['/usr/bin/docker', '/usr/local/bin/docker'].find(existsSync)
const skip = client === undefined ? 'the docker command is not installed' : false

interface World extends AsyncDisposable {
  readonly directory: string
  docker(...args: string[]): Promise<string>
}

/** A face on a socket of its own, with real blobs and layers, and a small root file system's archive beside it. */
async function setUp(): Promise<World> {
  const directory = await mkdtemp(`${tmpdir()}/galley-images-`)
  const store = openMemoryStore()
  const images = new Images({
    store,
    clock: systemClock,
    blobs: new BlobStore(`${directory}/blobs`),
    layers: new LayerStore(`${directory}/layers`),
  })
  await images.start()
  const silent = (): void => undefined
  const server = serveDocker(
    createServer(),
    {
      ...imageRoutes(images),
      'GET /_ping': ({ response }) => void response.end('OK'),
      'HEAD /_ping': ({ response }) => void response.end(),
    },
    { info: silent, warn: silent, error: silent },
  )
  await new Promise<void>((resolve) => server.listen(`${directory}/socket`, resolve))
  await mkdir(`${directory}/root/etc`, { recursive: true })
  await writeFile(`${directory}/root/etc/name`, 'box\n')
  await run('tar', ['-C', `${directory}/root`, '-cf', `${directory}/root.tar`, '.'])
  const env = { PATH: process.env['PATH'] ?? '', HOME: directory, DOCKER_HOST: `unix://${directory}/socket`, DOCKER_API_VERSION: '1.51' }
  return {
    directory,
    docker: async (...args) => (await run(client ?? '', args, { env })).stdout.trim(),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await store[Symbol.asyncDispose]()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

test('the docker command imports, lists, inspects, tags and removes', { skip }, async () => {
  await using world = await setUp()
  const { docker, directory } = world
  const id = await docker('import', '-c', 'CMD ["sh"]', '-c', 'LABEL a=b', '-m', 'made by hand', `${directory}/root.tar`, 'box:1')
  assert.match(id, /^sha256:[a-f0-9]{64}$/)
  assert.equal(await docker('images', '--no-trunc', '--format', '{{.Repository}}:{{.Tag}} {{.ID}}'), `box:1 ${id}`)
  assert.equal(await docker('images', '-q', '--filter', 'label=a=c'), '')
  assert.equal(await docker('image', 'inspect', '--format', '{{.Config.Cmd}} {{.Os}} {{len .RootFS.Layers}}', 'box:1'), '[sh] linux 1')
  assert.equal(await docker('history', '--format', '{{.Comment}}', 'box:1'), 'made by hand')
  await docker('tag', 'box:1', 'localhost:5000/me/box')
  assert.equal(await docker('rmi', 'box:1'), 'Untagged: box:1')
  assert.equal(await docker('rmi', 'localhost:5000/me/box'), `Untagged: localhost:5000/me/box:latest\nDeleted: ${id}`)
  await assert.rejects(docker('inspect', '--type', 'image', 'box:1'), /[Nn]o such image: box:1/)
  await assert.rejects(docker('import', '-c', 'RUN x', `${directory}/root.tar`), /run is not a valid change command/)
})

test('the docker command saves, loads and prunes', { skip }, async () => {
  await using world = await setUp()
  const { docker, directory } = world
  const id = await docker('import', `${directory}/root.tar`, 'box:1')
  await docker('save', '-o', `${directory}/box.tar`, 'box:1')
  await docker('rmi', 'box:1')
  assert.equal(await docker('load', '-i', `${directory}/box.tar`), 'Loaded image: box:1')
  assert.equal(await docker('images', '-q', '--no-trunc'), id)
  assert.match(await docker('image', 'prune', '-a', '-f'), new RegExp(`deleted: ${id}`))
  assert.equal(await docker('images', '-q'), '')
  await assert.rejects(docker('load', '-i', `${directory}/root.tar`), /neither manifest\.json nor index\.json/)
  await assert.rejects(docker('pull', 'box:1'), /not available/)
})
