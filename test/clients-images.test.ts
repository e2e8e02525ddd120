import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ask } from './engine-api.ts'
import { instanceWithBox } from './instance-with-box.ts'

/** What suites of Docker clients (docker-py, dockerode, Testcontainers) expect of images and builds and the CLI does not show. */
const instance = instanceWithBox()
const { ok } = instance

test('what is wrong with a loaded archive is told in the stream', async () => {
  const { status, bytes } = await ask(instance.socket, 'POST /images/load', { not: 'an archive' })
  assert.equal(status, 200)
  assert.match(bytes.toString(), /^\{"errorDetail":\{"message":.*"error":/)
})

test('a committed image names the one that it was made from', async () => {
  await ok('create', '--name', 'fresh', 'box', 'true')
  await ok('commit', 'fresh', 'made')
  await ok('tag', 'made', 'again')
  assert.equal(await ok('image', 'inspect', '-f', '{{.Parent}}', 'again'), await ok('image', 'inspect', '-f', '{{.Id}}', 'box'))
  await ok('rm', 'fresh')
})

test("a build's errors come apart from its output", async () => {
  const input = 'FROM box\nRUN echo out; echo err >&2\n'
  const { out } = await instance.command('docker', ['build', '-'], { input })
  assert.match(out, /^out$/m)
  assert.ok(out.includes('\u001B[91merr\n\u001B[0m'), out)
})
