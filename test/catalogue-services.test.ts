import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { IsolatedInstance } from './isolated-instance.ts'

/** Servers made from Debian's packages: what the images of their names promise, asked by their own clients. */
const instance = new IsolatedInstance()
const ok = instance.ok.bind(instance)

before(() => instance.start())
after(() => instance.stop())

/** Waits until a command in a container succeeds. */
async function ready(container: string, ...command: string[]): Promise<void> {
  await instance.until(
    () => instance.succeeds(container, ...command),
    (value) => value,
  )
}

test('redis answers other containers, keeps its data on its volume, and runs as user redis', async () => {
  assert.match(await instance.pulled('redis:7-alpine'), /Redis 7\.\d+\.\d+ of Debian bookworm in the name of 7-alpine/)
  await ok('network', 'create', 'redis')
  await ok('run', '-d', '--name', 'redis', '--network', 'redis', '-v', 'redis:/data', 'redis:7-alpine')
  await ready('redis', 'redis-cli', 'ping')
  const client = (...words: string[]): Promise<string> =>
    ok('run', '--rm', '--network', 'redis', 'redis:7-alpine', 'redis-cli', '-h', 'redis', ...words)
  assert.equal(await client('set', 'dish', 'soup'), 'OK')
  assert.equal(await ok('exec', 'redis', 'stat', '-c', '%u', '/proc/1', '/data'), '999\n999')
  await ok('stop', 'redis')
  assert.equal(await ok('inspect', '-f', '{{.State.ExitCode}}', 'redis'), '0')
  await ok('rm', 'redis')
  await ok('run', '-d', '--name', 'redis', '--network', 'redis', '-v', 'redis:/data', 'redis:7-alpine', '--requirepass', 'secret')
  await ready('redis', 'redis-cli', '-a', 'secret', 'ping')
  assert.equal(await client('-a', 'secret', '--no-auth-warning', 'get', 'dish'), 'soup')
  assert.match(await client('get', 'dish'), /NOAUTH/)
})
