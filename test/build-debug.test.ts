import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { BuildContexts } from './build-contexts.ts'
import { instanceWithBox } from './instance-with-box.ts'

/** `galley build --debug`: what a failed step leaves. */
const instance = instanceWithBox()
const contexts = new BuildContexts(instance)

const files = {
  'ctx.txt': 'of the context\n',
  Dockerfile: `FROM box
ARG WHO=me
ENV COLOR=blue
WORKDIR /work
RUN chmod 777 /work
USER operator
RUN --mount=type=secret,id=s,uid=37 --mount=type=bind,target=/ctx --mount=type=cache,target=/cache,uid=37 echo partial > done; echo kept > /cache/c; echo it fails; exit 9
`,
}

const looks =
  'cat done /run/secrets/s /ctx/ctx.txt /cache/c; echo "$COLOR $WHO $(pwd) $(id -u)" | tr a-z A-Z; touch /ctx/x || echo read-only\n'

const secret = `${instance.home}/secret`

interface Terminal {
  type(text: string): void
  kill(): void
  readonly isClosed: () => boolean
  /** All that it showed. */
  readonly closed: Promise<string>
}

/** A command on a pseudo terminal; `onPrompt` is asked for what to type at each prompt. */
function terminal(command: string, onPrompt: () => string = () => ''): Terminal {
  const own = { HOME: instance.home, GALLEY_SOCKET: instance.socket, DOCKER_HOST: `unix://${instance.socket}`, TERM: 'xterm' }
  const env = { ...own, PATH: process.env['PATH'] ?? '' }
  const child = spawn('script', ['-qec', command, '/dev/null'], { env, timeout: 200_000, killSignal: 'SIGKILL' })
  let [shown, seen, closed] = ['', 0, false]
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    shown += text
    // The shell asks where the cursor is.
    if (!/[$#] $/.test(shown.slice(seen).replaceAll('\x1b[6n', ''))) return
    seen = shown.length
    child.stdin.write(onPrompt())
  })
  child.stdin.on('error', () => undefined)
  return {
    type: (text) => child.stdin.write(text),
    kill: () => child.kill('SIGKILL'),
    isClosed: () => closed,
    closed: new Promise((resolve) =>
      child.on('close', () => {
        closed = true
        resolve(shown.replaceAll('\r', ''))
      }),
    ),
  }
}

/** Types a line at each prompt. */
function typed(command: string, lines: readonly string[]): Promise<string> {
  const left = [...lines]
  return terminal(command, () => left.shift() ?? '').closed
}

const nothingLeft = async (): Promise<void> => {
  await instance.until(
    () => instance.ok('ps', '-aq'),
    (ids) => ids === '',
  )
  await instance.until(
    () => readdirSync(`${instance.data}/build/work`),
    (work) => work.length === 0,
  )
}

test('on a terminal, a shell opens where the step failed: with its files, mounts, variables, user and directory', async () => {
  writeFileSync(secret, 'the secret\n')
  const directory = contexts.directory(files)
  const shown = await typed(`./galley build --debug --secret id=s,src=${secret} ${directory}; echo code $?`, [looks, 'exit\n'])
  assert.match(shown, /partial\nthe secret\nof the context\nkept\nBLUE ME \/WORK 37\n/)
  assert.match(shown, /read-only\n/)
  assert.match(
    shown,
    / => ERROR \[4\/4\] RUN[\s\S]*it fails\n------\nDockerfile:7\n[\s\S]*exit code: 9\nmore: galley explain build\.step-failed\n\nThis is \/bin\/sh where the step failed/,
  )
  assert.match(shown, /code 1\n/)
  assert.equal(shown.match(/galley: failed to build/g)?.length, 1)
  await nothingLeft()
  assert.equal(spawnSync('grep', ['-rq', 'the secret', instance.data]).status, 1)
})

test('without a terminal it is said how to look into it, and the end of that shell is the end of it', async () => {
  const directory = contexts.directory(files)
  const { code, err } = await instance.galley('build', '--debug', '--secret', `id=s,src=${secret}`, directory)
  assert.equal(code, 1)
  const [, container = ''] = /kept for 10 minutes\. To look into them: docker attach (\w{12}), and Enter\n/.exec(err) ?? []
  assert.notEqual(container, '', err)
  assert.match(await instance.ok('exec', container, 'sh', '-c', 'cat done; id -u'), /^partial\n37$/)
  // It has shown its prompt already.
  const attached = terminal(`docker attach ${container}`)
  await instance.until(
    () => {
      attached.type('exit\n')
      return attached.isClosed()
    },
    (isClosed) => isClosed,
  )
  await nothingLeft()
})

test('what is kept goes with the container, and when the daemon is killed', async () => {
  const directory = contexts.directory({ Dockerfile: 'FROM box\nRUN exit 4\n' })
  const build = async (): Promise<string> => {
    const { err } = await instance.galley('build', '--debug', directory)
    return /docker attach (\w{12})/.exec(err)?.[1] ?? ''
  }
  await instance.ok('rm', '-f', await build())
  await nothingLeft()
  await build()
  instance.killDaemon()
  await instance.until(
    () => instance.docker('version'),
    ({ code }) => code === 0,
  )
  await nothingLeft()
})

test('where another step fails, the shell has the files so far, with the stage’s variables, user and directory', async () => {
  const Dockerfile = (failing: string): string =>
    `FROM box AS other\nRUN sleep 1\nFROM box\nARG WHO=me\nENV COLOR=blue\nWORKDIR /work\nRUN echo made >file\nUSER operator\n${failing}\n`
  const shown = await typed(`./galley build --debug ${contexts.directory({ Dockerfile: Dockerfile('COPY missing /') })}; echo code $?`, [
    'cat file; echo "$COLOR $WHO $(pwd) $(id -u)" | tr a-z A-Z\n',
    'exit\n',
  ])
  assert.match(shown, /COPY failed: .*missing[\s\S]*This is \/bin\/sh where the step failed[\s\S]*made\nBLUE ME \/WORK 37\n[\s\S]*code 1\n/)
  await nothingLeft()
  for (const failing of [
    'ADD --checksum=sha256:1234 http://127.0.0.1:1/x /',
    'WORKDIR /work/file',
    'RUN --mount=from=box,source=/missing true',
  ]) {
    const { err } = await instance.galley('build', '--debug', contexts.directory({ Dockerfile: Dockerfile(failing) }))
    const [, container = ''] = /docker attach (\w{12})/.exec(err) ?? []
    assert.notEqual(container, '', err)
    assert.equal(await instance.ok('exec', container, 'cat', '/work/file'), 'made')
    await instance.ok('rm', '-f', container)
  }
  await nothingLeft()
})

test('a step without a shell in its files says so, and a failure that is no step’s too', async () => {
  const directory = contexts.directory({ Dockerfile: 'FROM scratch\nCOPY --from=box /bin/busybox /b\nRUN ["/b", "nothing"]\n' })
  const bare = await instance.galley('build', '--debug', directory)
  assert.equal(bare.code, 1)
  assert.match(bare.err, /galley: \/bin\/sh can't be started there: .*no such file or directory/)
  assert.doesNotMatch(bare.err, /Only a step/)
  const shown = await typed(`./galley build --debug ${directory}`, [])
  assert.match(shown, /galley: \/bin\/sh can't be started there/)
  const other = await instance.galley('build', '--debug', contexts.directory({ Dockerfile: 'FROM box\nCOPPY nothing /\n' }))
  assert.match(other.err, /Only a step that fails leaves something/)
  await nothingLeft()
})

test('a terminal that goes away takes the shell along', async () => {
  const directory = contexts.directory({ Dockerfile: 'FROM box\nRUN exit 5\n' })
  const client = terminal(`./galley build --debug ${directory}`, () => {
    client.kill()
    return ''
  })
  await client.closed
  await nothingLeft()
  assert.ok(existsSync(instance.socket))
})
