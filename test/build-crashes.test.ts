import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { BuildContexts } from './build-contexts.ts'
import { instanceWithBox } from './instance-with-box.ts'

/** `kill -9` of the daemon in each phase of a build: nothing stays, and the next build is right. */
const instance = instanceWithBox()
const { directory, shown, left } = new BuildContexts(instance)

const clients = {
  'galley build': { program: './galley', args: ['build', '--progress=plain', '-t', 'result'] },
  'docker build': { program: 'docker', args: ['build', '-t', 'result'] },
} as const

/** Builds until it prints `sign`, kills the daemon, and resolves with how the client ended. */
async function killedAt(client: keyof typeof clients, context: string, sign: RegExp): Promise<number | null> {
  const { program, args } = clients[client]
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: instance.home,
    DOCKER_HOST: `unix://${instance.socket}`,
    GALLEY_SOCKET: instance.socket,
  }
  const child = spawn(program, [...args, context], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let printed = ''
  let killed = 0
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      printed += text
      if (killed === 0 && sign.test(printed)) killed = instance.killDaemon()
    })
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve))
  assert.ok(killed > 0, `${sign.source} in ${printed}`)
  await instance.anotherDaemon(killed)
  return code
}

const phases: Readonly<Record<string, { readonly sign: RegExp; readonly step: string }>> = {
  'while its context comes': { sign: /load build context|FROM box/, step: 'RUN true' },
  'while files are copied': { sign: /COPY large|COPY failed/, step: 'RUN true' },
  'while a command runs': { sign: /^.*(begun)$/m, step: 'RUN echo begun; echo half >/half; sleep 2; echo whole >/half' },
  'after a command': { sign: /^.*(done-with-it)$/m, step: 'RUN echo whole >/half; echo done-with-it' },
}

for (const client of Object.keys(clients) as (keyof typeof clients)[])
  for (const [phase, { sign, step }] of Object.entries(phases))
    test(`${client}: a daemon that is killed ${phase} leaves nothing, and the next build is right`, async () => {
      const large = randomBytes(4 << 20).toString('hex')
      const context = directory({ Dockerfile: `FROM box\nCOPY large /\n${step}\nRUN echo last >/last\n`, large })
      await killedAt(client, context, sign)
      await instance.until(left, (found) => found.length === 0)
      assert.deepEqual(
        instance.mounts().filter((line) => line.includes('/build/work/')),
        [],
      )
      const { program, args } = clients[client]
      const { code, out, err } = await instance.command(program, [...args, context])
      assert.equal(code, 0, out + err)
      assert.equal(
        await shown('result', 'wc -c </large; cat /last; cat /half 2>/dev/null; true'),
        `${large.length}\nlast${step.includes('/half') ? '\nwhole' : ''}`,
      )
      assert.equal(await instance.ok('ps', '-aq'), '')
    })
