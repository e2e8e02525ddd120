import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { after, before, beforeEach, test } from 'node:test'
import { BuildContexts } from './build-contexts.ts'
import { freePorts } from './free-ports.ts'
import { Instance } from './instance.ts'
import { usePlugins } from './plugins.ts'
import { RegistryServer } from './registry-server.ts'

/** Results of steps that buildx takes to other machines and back: here, to the same one after it has forgotten them. */
const instance = new Instance()
const contexts = new BuildContexts(instance)
const registry = new RegistryServer(await freePorts())
const available = await usePlugins(instance, 'docker-buildx')
const skip = available ? false : 'no suite that has buildx can be reached'
const withRegistry = skip || (existsSync('/usr/bin/docker-registry') ? false : 'docker-registry is not installed')

before(async () => {
  await instance.start()
  await instance.importBox()
  if (withRegistry === false) await registry.start()
})

after(async () => {
  await instance.stop()
  await registry[Symbol.asyncDispose]()
})

const directory = contexts.directory({
  'a.txt': 'a\n',
  Dockerfile:
    'FROM box AS tools\nRUN mkdir /t && echo made >/t/tool\nFROM box\nCOPY a.txt /\nCOPY --from=tools /t/tool /\nRUN cat /a.txt /tool\n',
})

async function build(...options: string[]): Promise<string> {
  const { code, err } = await instance.docker('buildx', 'build', '--progress=plain', ...options, directory)
  assert.equal(code, 0, err)
  return err
}

/** Whatever was made here but the base image. */
async function forget(): Promise<void> {
  const images = (await instance.ok('images', '-q', '--filter', 'label=test=cache')).split('\n').filter((id) => id !== '')
  if (images.length > 0) await instance.ok('rmi', '-f', ...new Set(images))
  await instance.ok('buildx', 'prune', '-af')
}

beforeEach(async () => {
  if (skip === false) await forget()
})

const label = ['--label', 'test=cache']
const cachedSteps = (progress: string): number => progress.match(/\] (RUN|COPY) .*\n#\d+ CACHED/g)?.length ?? 0

test('a cache in a directory of the client holds the steps of all stages', { skip }, async () => {
  const cache = `${instance.home}/cache`
  await build(...label, '--cache-to', `type=local,dest=${cache},mode=max`)
  const index = JSON.parse(readFileSync(`${cache}/index.json`, 'utf8')) as { manifests: object[] }
  assert.equal(index.manifests.length, 1)
  await forget()
  assert.equal(cachedSteps(await build(...label)), 0)
  await forget()
  assert.equal(cachedSteps(await build(...label, '--cache-from', `type=local,src=${cache}`)), 4)
  await forget()
  assert.equal(cachedSteps(await build(...label, '--cache-from', `type=local,src=${instance.home}/nothing`)), 0)
})

test('a cache in a registry does too, and an image can hold that of its own layers', { skip: withRegistry }, async () => {
  const name = `${registry.host}/image:1`
  const cache = `${registry.host}/cache:1`
  await build(...label, '-t', name, '--push', '--cache-to', `type=registry,ref=${cache},mode=max`, '--cache-to', 'type=inline')
  await forget()
  assert.equal(cachedSteps(await build(...label, '--cache-from', cache)), 4)
  await forget()
  assert.equal(cachedSteps(await build(...label, '--cache-from', name)), 3)
  await forget()
  assert.match(await build(...label, '--cache-from', `${registry.host}/nothing:1`), /the cache of .*nothing:1 is not used/)
})

test('caches that there is nothing for are refused by name', { skip }, async () => {
  const { code, err } = await instance.docker('buildx', 'build', '--cache-to', 'type=azblob,name=x', directory)
  assert.equal(code, 1)
  assert.match(err, /unknown cache exporter: "azblob"/)
})
