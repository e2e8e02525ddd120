import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { test, type TestContext } from 'node:test'
import { statusResponse } from '#faces/buildkit/messages/control.ts'
import { decode } from '#faces/buildkit/wire/message.ts'
import { BuildContexts } from './build-contexts.ts'
import type { Outcome } from './instance.ts'
import { instanceWithBox } from './instance-with-box.ts'
import { olderDocker } from './newer-clients.ts'

/** `POST /build?version=2`: BuildKit through the classic endpoint, as docker 20.10, dockerode and Testcontainers use it. */
const instance = instanceWithBox()
const contexts = new BuildContexts(instance)

test('docker 20.10 builds with files, secrets and outputs of its session', async (t: TestContext) => {
  const docker = await olderDocker()
  if (docker === undefined) return t.skip('Debian 12’s docker.io can’t be reached')
  const build = (directory: string, ...options: string[]): Promise<Outcome> =>
    instance.command(docker, ['build', '--progress=plain', ...options, directory], { env: { DOCKER_BUILDKIT: '1' } })
  writeFileSync(`${instance.home}/token`, 'secret')
  const directory = contexts.directory({
    'a.txt': 'a file\n',
    'ignored.txt': 'ignored',
    '.dockerignore': 'ignored.txt\n',
    Dockerfile:
      'FROM box AS made\nCOPY . /ctx/\nRUN --mount=type=secret,id=token ls /ctx; wc -c </run/secrets/token >/count\nFROM scratch\nCOPY --from=made /count /\n',
  })
  const made = await build(directory, '-t', 'older', '--target', 'made', '--secret', `id=token,src=${instance.home}/token`)
  assert.equal(made.code, 0, made.err)
  assert.match(made.err, /\[made 2\/3\] COPY \. \/ctx\//)
  assert.match(made.err, /naming to docker\.io\/library\/older:latest/)
  assert.equal(await contexts.shown('older', 'ls /ctx; cat /count'), 'Dockerfile\na.txt\n6')
  const local = await build(directory, '-o', `${instance.home}/local`)
  assert.equal(local.code, 0, local.err)
  assert.equal(readFileSync(`${instance.home}/local/count`, 'utf8'), '6\n')
  const failing = await build(contexts.directory({ Dockerfile: 'FROM box\nRUN exit 5\n' }))
  assert.equal(failing.code, 1)
  assert.match(failing.err, /process "\/bin\/sh -c exit 5" did not complete successfully: exit code: 5/)
})

interface Line {
  readonly id?: string
  readonly aux?: unknown
  readonly error?: string
}

/** Without any session: the body is the context. */
function post(query: string, body: Buffer): Promise<{ status: number; lines: Line[] }> {
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath: instance.socket, method: 'POST', path: `/build?version=2&${query}` }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          lines: text
            .split('\n')
            .filter((line) => line.trim() !== '')
            .map((line) => JSON.parse(line) as Line),
        }),
      )
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

test('progress comes as messages of BuildKit, and the image’s id at the end', async () => {
  const directory = contexts.directory({ Dockerfile: 'FROM box\nRUN echo traced\n' })
  const tar = spawnSync('tar', ['-C', directory, '-c', '.']).stdout
  const { status, lines } = await post('t=traced', tar)
  assert.equal(status, 200)
  const statuses = lines
    .filter(({ id }) => id === 'moby.buildkit.trace')
    .map(({ aux }) => decode(statusResponse, Buffer.from(String(aux), 'base64')))
  assert.ok(
    statuses.some(({ vertexes }) => vertexes.some(({ name, completed }) => name === '[2/2] RUN echo traced' && completed !== undefined)),
  )
  assert.equal(
    statuses
      .flatMap(({ logs }) => logs)
      .map(({ message }) => message.toString())
      .join(''),
    'traced\n',
  )
  assert.deepEqual(lines.at(-1), { id: 'moby.image.id', aux: { ID: await instance.ok('inspect', '-f', '{{.Id}}', 'traced') } })
})

test('sessions, outputs and versions that there is nothing for are refused', async () => {
  assert.equal((await post('outputs=nonsense', Buffer.alloc(0))).status, 400)
  assert.equal((await post(`outputs=${encodeURIComponent('[{"Type": "local"}]')}`, Buffer.alloc(0))).status, 400)
  assert.equal((await post('remote=client-session', Buffer.alloc(0))).status, 400)
  const unknown = await post('session=nobody', Buffer.alloc(0))
  assert.equal(unknown.status, 404)
  assert.equal((await post('squash=1', Buffer.alloc(0))).status, 501)
})
