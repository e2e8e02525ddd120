import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { after, before, test } from 'node:test'
import { configOf } from '#daemon/config.ts'
import { tableName } from '#engine/networks/rules.ts'
import { Instance } from './instance.ts'

/** What another machine of the same network and other containers reach, and what they don't, also after rules were flushed. */
const instance = new Instance()
const { ok } = instance
const home = instance.home.slice(-6)
/** A namespace that stands for another machine, and the two ends of the wire to it. */
const stranger = `gt-${home}`
const [wire, far] = [`gw${home}`, `gf${home}`]
const [here, there] = [`198.18.${process.pid % 250}.1`, `198.18.${process.pid % 250}.2`]

before(async () => {
  await instance.start()
  await instance.importBox()
  await ip('netns', 'add', stranger)
  await ip('link', 'add', wire, 'type', 'veth', 'peer', 'name', far, 'netns', stranger)
  await ip('address', 'add', `${here}/30`, 'dev', wire)
  await ip('link', 'set', wire, 'up')
  await ip('-n', stranger, 'address', 'add', `${there}/30`, 'dev', far)
  await ip('-n', stranger, 'link', 'set', far, 'up')
  await ip('-n', stranger, 'link', 'set', 'lo', 'up')
  // It sends on the wire what should never leave a machine, and takes the host for the way to every container.
  await ip('-n', stranger, 'route', 'add', 'default', 'via', here)
  await ip('-n', stranger, 'route', 'del', 'local', '127.0.0.0/8', 'dev', 'lo', 'table', 'local')
  await ip('-n', stranger, 'route', 'del', 'local', '127.0.0.1', 'dev', 'lo', 'table', 'local')
  await ip('-n', stranger, 'route', 'add', '127.0.0.0/8', 'via', here, 'dev', far, 'src', there)
  await ip('netns', 'exec', stranger, 'sysctl', '-qw', `net.ipv4.conf.${far}.route_localnet=1`)
})

after(async () => {
  await ip('netns', 'del', stranger)
  await instance.command('ip', ['link', 'del', wire])
  await instance.stop()
})

async function ip(...args: readonly string[]): Promise<void> {
  const { code, err } = await instance.command('ip', args)
  assert.equal(code, 0, `ip ${args.join(' ')}: ${err}`)
}

/** What a web server answers, or '' within a second; `within` is the command that enters a network's namespace. */
async function curl([program = '', ...within]: readonly string[], url: string): Promise<string> {
  return (await instance.command(program, [...within, 'curl', '-s', '-m', '1', '--noproxy', '*', url])).out
}

const asks = (address: string, port: number | string): Promise<string> =>
  curl(['ip', 'netns', 'exec', stranger], `http://${address}:${port}/seed`)

const server = ['box', 'httpd', '-f', '-p', '80', '-h', '/data']
const seed = 'from the image\n'
const portOf = async (name: string): Promise<string> => (await ok('port', name, '80')).split('\n')[0]?.split(':').at(-1) ?? ''
const addressOf = (name: string): Promise<string> => ok('inspect', '-f', '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}', name)

/** A busy machine may take longer than what closed ports are given. */
async function answers(ask: () => Promise<string>): Promise<void> {
  await instance.until(ask, (said) => said === seed)
}

/** What is open and what is closed to another machine. */
async function closedButForPublic(): Promise<void> {
  await answers(async () => asks(here, await portOf('public')))
  assert.equal(await asks('127.0.0.1', await portOf('local')), '', 'a port of loopback, by the loopback address')
  assert.equal(await asks(here, await portOf('local')), '', 'a port of loopback, by the host’s address')
  assert.equal(await asks(await addressOf('local'), 80), '', 'the container of a port of loopback, by its own address')
  assert.equal(await asks(await addressOf('private'), 80), '', 'a container without ports, by its own address')
}

/** Networks and containers beside the stranger. */
async function closedToNeighbours(): Promise<void> {
  const get = async (from: string, address: string): Promise<string> =>
    curl(['nsenter', '-t', await ok('inspect', '-f', '{{.State.Pid}}', from), '-n'], `http://${address}/seed`)
  await answers(async () => get('private', await addressOf('local')))
  assert.equal(await get('elsewhere', await addressOf('private')), '', 'another network')
  assert.equal(await get('hidden', await addressOf('private')), '', 'from an internal network')
  assert.equal(await get('private', await addressOf('hidden')), '', 'into an internal network')
}

test('other machines and networks reach what is published to them, and no more (CVE-2025-54388)', async () => {
  await ok('network', 'create', 'other')
  await ok('network', 'create', '--internal', 'inside')
  await ok('run', '-d', '--name', 'public', '-p', '80', ...server)
  await ok('run', '-d', '--name', 'local', '-p', '127.0.0.1::80', ...server)
  await ok('run', '-d', '--name', 'private', ...server)
  await ok('run', '-d', '--name', 'elsewhere', '--network', 'other', ...server)
  await ok('run', '-d', '--name', 'hidden', '--network', 'inside', ...server)
  await closedButForPublic()
  await closedToNeighbours()
})

test('the same when somebody has flushed the rules (CVE-2025-54410)', async () => {
  const table = ['table', 'ip', tableName(configOf({ run: instance.run }).instance)]
  assert.equal((await instance.command('nft', ['delete', ...table])).code, 0)
  await instance.until(
    async () => (await instance.command('nft', ['list', ...table])).code,
    (code) => code === 0,
  )
  await closedButForPublic()
  await closedToNeighbours()
})

test('what listens on the host’s loopback is out of a container’s reach, whatever it sends (CVE-2020-8558)', async () => {
  await using host = createSocket('udp4')
  const heard: string[] = []
  host.on('message', (text) => heard.push(text.toString())).bind()
  await once(host, 'listening')
  await ok('run', '-d', '--name', 'sender', 'box', 'sleep', '1000')
  const within = ['-t', await ok('inspect', '-f', '{{.State.Pid}}', 'sender'), '-n']
  const gateway = await ok('network', 'inspect', '-f', '{{(index .IPAM.Config 0).Gateway}}', 'bridge')
  const { port } = host.address()
  // A program with raw sockets sends such packets without changing routes.
  const send = `set -e
    ip route del local 127.0.0.0/8 dev lo table local
    ip route del local 127.0.0.1 dev lo table local
    ip route add 127.0.0.0/8 via ${gateway} src ${await addressOf('sender')}
    echo -n loopback >/dev/udp/127.0.0.1/${port}
    echo -n gateway >/dev/udp/${gateway}/${port}`
  const { code, err } = await instance.command('nsenter', [...within, 'bash', '-c', send])
  assert.equal(code, 0, err)
  await instance.until(
    () => heard,
    (texts) => texts.includes('gateway'),
  )
  assert.deepEqual(heard, ['gateway'])
})

test('a network without IPv6 has none, not even addresses of the link (CVE-2024-32473)', async () => {
  await ok('network', 'create', '--ipv6', 'six')
  const addresses = 'grep -v " lo$" /proc/net/if_inet6; true'
  assert.equal(await ok('exec', 'private', 'sh', '-c', addresses), '')
  await ok('run', '-d', '--name', 'both', '--network', 'six', 'box', 'sleep', '1000')
  assert.match(await ok('exec', 'both', 'sh', '-c', addresses), /eth0/)
})

test('a container can neither take another address nor change its network', async () => {
  for (const change of ['address add 10.0.0.1/8 dev eth0', 'link set eth0 down', 'route del default'])
    assert.notEqual((await instance.docker('exec', 'local', 'ip', ...change.split(' '))).code, 0)
})
