import assert from 'node:assert/strict'
import { existsSync, statSync, writeFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { IsolatedInstance } from './isolated-instance.ts'

/** Images for a machine without a network: what the catalogue has, in one file. */
const instance = new IsolatedInstance()
const { ok } = instance
const file = `${instance.home}/images.tar`

before(() => instance.start())
after(() => instance.stop())

test('the catalogue is listed, with what was made here and how it differs', async () => {
  await instance.pulled('busybox:1.36')
  const { code, out, err } = await instance.galley('images', 'catalogue')
  assert.equal(code, 0, err)
  assert.match(out, /^busybox\n {2}latest .*\n {6}BusyBox 1\.\d+\.\d+ of Debian 13 \(made here\)$/m)
  assert.match(out, /^alpine\n {2}latest .*\n {6}Debian trixie, not Alpine/m)
  assert.match(out, /^redis\n {2}6 .*\n {6}Redis .*of Debian bookworm in the name of 6.*\n {2}6-alpine /m)
  const entries = JSON.parse((await instance.galley('images', 'catalogue', '--json')).out) as { repository: string; version?: string }[]
  assert.match(entries.find(({ repository }) => repository === 'busybox')?.version ?? '', /^1\.\d+/)
  assert.ok(new Set(entries.map(({ repository }) => repository)).size > 20)
})

test('a bundle holds the images that were asked for, and leaves none of them here but those that were', async () => {
  const { code, out, err } = await instance.command('./galley', ['bundle', '-o', file, 'busybox:1.36', 'redis:7'], { timeout: 200_000 })
  assert.equal(code, 0, err)
  assert.match(out, /^2 images in .*images\.tar, \d+ MB\n$/)
  assert.match(err, /Image redis:7/)
  assert.match(err, /File \S*images\.tar {2}Writing\n.*images\.tar {2}Written\n$/)
  assert.equal(await ok('images', '--format', '{{.Repository}}:{{.Tag}}'), 'busybox:1.36')
  assert.ok(!existsSync(`${file}.part`))
})

test('another machine loads it, and runs what is inside', async () => {
  const other = new IsolatedInstance(['--pool', '10.63.0.0/16'])
  await other.start('--stand-ins', 'off')
  try {
    const { code, out, err } = await other.galley('bundle', 'load', file)
    assert.equal(code, 0, err)
    assert.equal(out, 'Loaded image: busybox:1.36\nLoaded image: redis:7\n')
    assert.match(err, /File \S*images\.tar {2}Loaded\n$/)
    assert.equal(await other.ok('run', '--rm', 'busybox:1.36', 'echo', 'here'), 'here')
    assert.match(await other.ok('run', '--rm', 'redis:7', 'redis-server', '--version'), /v=7\./)
    assert.match(await other.ok('inspect', '-f', '{{index .Config.Labels "dev.galley.stand-in.differs"}}', 'redis:7'), /^Redis 7/)
    assert.match((await other.galley('images', 'catalogue')).err, /stand-ins are off/)
  } finally {
    await other.stop()
  }
})

test('what can neither be made nor loaded is said by name', async () => {
  const none = await instance.galley('bundle', '-o', `${instance.home}/none.tar`, 'nosuch')
  assert.notEqual(none.code, 0)
  assert.match(none.err, /the catalogue has no nosuch/)
  const some = await instance.galley('bundle', '-o', `${instance.home}/some.tar.gz`, 'python:2.7', 'busybox:1.36')
  assert.equal(some.code, 1)
  assert.match(some.err, /python:2\.7.*can't make/s)
  assert.match(some.out, /^1 images in/)
  assert.ok(statSync(`${instance.home}/some.tar.gz`).size > 500_000)
  assert.equal((await instance.galley('bundle', 'load', `${instance.home}/some.tar.gz`)).code, 0)
  writeFileSync(`${instance.home}/broken.tar`, 'no archive')
  const broken = await instance.galley('bundle', 'load', `${instance.home}/broken.tar`)
  assert.notEqual(broken.code, 0)
  assert.match(broken.err, /broken\.tar/)
  assert.match((await instance.galley('bundle', 'load', '/nosuch')).err, /there is no file \/nosuch/)
})
