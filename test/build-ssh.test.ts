import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { BuildContexts } from './build-contexts.ts'
import { freePorts } from './free-ports.ts'
import { Instance, type Outcome } from './instance.ts'
import { usePlugins } from './plugins.ts'
import { SshServer, withoutSsh } from './ssh-server.ts'

/** Repositories that are reached by SSH, with the client's agent: from OpenSSH's own server. */
const instance = new Instance()
const contexts = new BuildContexts(instance)
const available = await usePlugins(instance, 'docker-buildx')
const skip = withoutSsh || (available ? false : 'no suite that has buildx can be reached')
const host = `127.${1 + (process.pid % 250)}.${1 + (Math.floor(process.pid / 250) % 250)}.3`
const port = await freePorts()
const agent = `${instance.home}/agent`
const remote = `ssh://git@${host}:${port}${instance.home}/served.git`
let server: SshServer | undefined
let agentPid = ''

before(async () => {
  await instance.start()
  await instance.importBox()
  if (skip !== false) return
  const work = contexts.directory({ 'sub/Dockerfile': 'FROM box\nCOPY file /\nRUN echo from $(cat /file)\n', 'sub/file': 'ssh\n' })
  const script = `set -e; cd ${work}; git init -q -b main; git add -A; git -c user.email=a@b.c -c user.name=n commit -qm one
git clone -q --bare . ${instance.home}/served.git; ssh-keygen -q -t ed25519 -N '' -f ${instance.home}/key`
  const { code, err } = await instance.command('sh', ['-c', script])
  assert.equal(code, 0, err)
  agentPid = /SSH_AGENT_PID=(\d+)/.exec((await instance.command('ssh-agent', ['-a', agent])).out)?.[1] ?? ''
  await instance.command('ssh-add', [`${instance.home}/key`], { env: { SSH_AUTH_SOCK: agent } })
  server = new SshServer(instance.home, { host, port })
  assert.ok(await server.listens())
})

after(async () => {
  server?.[Symbol.dispose]()
  if (agentPid !== '') process.kill(Number(agentPid))
  await instance.stop()
})

const buildx = (...args: string[]): Promise<Outcome> =>
  instance.command('docker', ['buildx', 'build', '--progress=plain', '--no-cache', ...args], { env: { SSH_AUTH_SOCK: agent } })

const adding = (address = remote): string =>
  contexts.directory({ Dockerfile: `FROM box\nADD ${address}#main:sub /taken/\nRUN cat /taken/file\n` })

test('a context comes by SSH with the client’s agent, and the host that nobody knows is told of', { skip }, async () => {
  const { code, err } = await buildx('--ssh', 'default', `${remote}#main:sub`)
  assert.equal(code, 0, err)
  assert.match(err, /\d from ssh$/m)
  assert.ok(err.includes(`the SSH host [${host}]:${port} was not known and is trusted all the same: ssh-ed25519 SHA256:`), err)
})

test('ADD and a named context take a repository by SSH', { skip }, async () => {
  const { code, err } = await buildx('--ssh', 'default', adding())
  assert.equal(code, 0, err)
  assert.match(err, /\d ssh$/m)
  const directory = contexts.directory({ Dockerfile: 'FROM box\nCOPY --from=named sub/file /\nRUN cat /file\n' })
  assert.match((await buildx('--ssh', 'default', '--build-context', `named=${remote}`, directory)).err, /\d ssh$/m)
})

test('without an agent, or with one that has no key, the reason is said', { skip }, async () => {
  assert.match((await buildx(adding())).err, /no SSH key "default" forwarded from the client/)
  await instance.command('ssh-add', ['-D'], { env: { SSH_AUTH_SOCK: agent } })
  assert.match((await buildx('--ssh', 'default', adding())).err, /git@127\.\S+: Permission denied \(publickey\)/)
  await instance.command('ssh-add', [`${instance.home}/key`], { env: { SSH_AUTH_SOCK: agent } })
})

test('hosts that the client names are the only ones that are trusted', { skip }, async () => {
  const known = `${instance.home}/known`
  const secret = ['--ssh', 'default', '--secret', `id=GIT_KNOWN_HOSTS,src=${known}`]
  writeFileSync(known, server?.hostKey ?? '')
  const good = await buildx(...secret, adding())
  assert.equal(good.code, 0, good.err)
  assert.doesNotMatch(good.err, /was not known/)
  writeFileSync(known, `other.host ${server?.hostKey.split(' ').slice(1).join(' ')}`)
  assert.match((await buildx(...secret, adding())).err, /No ED25519 host key is known for \[127/)
  const other = `${instance.home}/other`
  await instance.command('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', other])
  await instance.command('sh', ['-c', `echo "[${host}]:${port} $(cat ${other}.pub)" >${known}`])
  assert.match((await buildx(...secret, adding())).err, /Host key for \[127\S+ has changed/)
})

test('galley build takes a repository by SSH', { skip }, async () => {
  const { code, out, err } = await instance.command('./galley', ['build', '--progress=plain', '--no-cache', `${remote}#main:sub`], {
    env: { SSH_AUTH_SOCK: agent },
  })
  assert.equal(code, 0, err)
  assert.match(`${out}${err}`, /from ssh$/m)
  assert.match(`${out}${err}`, /was not known and is trusted all the same/)
})

test('git@host:path is taken, at the usual port', { skip }, async (t) => {
  using usual = new SshServer(instance.home, { host, port: 22 })
  if (!(await usual.listens())) return t.skip(`port 22 of ${host} is taken`)
  const { code, err } = await buildx('--ssh', 'default', adding(`git@${host}:served.git`))
  assert.equal(code, 0, err)
  assert.match(err, /\d ssh$/m)
})

test('what ssh would take for an option is no host', { skip }, async () => {
  const { code, err } = await buildx('--ssh', 'default', adding(`ssh://-oProxyCommand=touch${'$'}{IFS}${instance.home}/planted/x.git`))
  assert.equal(code, 1)
  assert.match(err, /strange hostname|invalid/)
})
