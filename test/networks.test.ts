import assert from 'node:assert/strict'
import { test } from 'node:test'
import { instanceWithBox } from './instance-with-box.ts'

/** Networks with the real docker CLI. */
const instance = instanceWithBox()
const { docker, ok } = instance

async function refused(pattern: RegExp, ...args: string[]): Promise<void> {
  const { code, err } = await docker(...args)
  assert.notEqual(code, 0, `docker ${args.join(' ')} should fail`)
  assert.match(err, pattern)
}

async function inspected(format: string, ...names: string[]): Promise<string> {
  return ok('inspect', '-f', format, ...names)
}

test('networks are created, listed, inspected and removed', async () => {
  const id = await ok('network', 'create', '--label', 'a=b', '--subnet', '10.9.0.0/24', '--gateway', '10.9.0.254', 'made')
  assert.match(await ok('network', 'ls', '--filter', 'label=a=b'), new RegExp(`${id.slice(0, 12)}\\s+made\\s+bridge\\s+local`))
  assert.deepEqual((await ok('network', 'ls', '--format', '{{.Name}}')).split('\n').toSorted(), ['bridge', 'host', 'made', 'none'])
  assert.equal(
    await ok('network', 'inspect', '-f', '{{range .IPAM.Config}}{{.Subnet}} {{.Gateway}}{{end}}', 'made'),
    '10.9.0.0/24 10.9.0.254',
  )
  await refused(/network with name made already exists/, 'network', 'create', 'made')
  assert.equal(await ok('network', 'rm', 'made'), 'made')
  await refused(/network made not found/, 'network', 'inspect', 'made')
  await refused(/bridge is a pre-defined network and cannot be removed/, 'network', 'rm', 'bridge')
})

test('a container takes its address, hardware address and aliases on several networks', async () => {
  await ok('network', 'create', '--subnet', '10.9.1.0/24', 'front')
  await ok('network', 'create', 'back')
  const wishes = ['--network', 'name=front,ip=10.9.1.77,alias=web,mac-address=02:42:0a:09:01:99', '--network', 'name=back,alias=www']
  await ok('run', '-d', '--name', 'two', ...wishes, 'box', 'sleep', '1000')
  const format = '{{range $name, $e := .NetworkSettings.Networks}}{{$name}} {{$e.Aliases}} {{$e.DNSNames}}\n{{end}}'
  const short = (await inspected('{{.Id}}', 'two')).slice(0, 12)
  assert.equal(await inspected(format, 'two'), `back [www] [two www ${short}]\nfront [web] [two web ${short}]`)
  const front =
    '{{with .NetworkSettings.Networks.front}}{{.IPAddress}} {{.IPPrefixLen}} {{.Gateway}} {{.MacAddress}} {{.IPAMConfig.IPv4Address}}{{end}}'
  assert.equal(await inspected(front, 'two'), '10.9.1.77 24 10.9.1.1 02:42:0a:09:01:99 10.9.1.77')
  assert.match(await ok('exec', 'two', 'ip', 'addr', 'show', 'eth0'), /02:42:0a:09:01:99[\s\S]*10\.9\.1\.77\/24/)
  assert.match(await ok('exec', 'two', 'ip', 'addr', 'show', 'eth1'), /inet /)
  await refused(/Address already in use/, 'run', '--rm', '--network', 'front', '--ip', '10.9.1.77', 'box', 'true')
  await refused(/network front has active endpoints/, 'network', 'rm', 'front')
  await refused(
    /only when connecting to networks with user configured subnets/,
    'run',
    '--rm',
    '--network',
    'back',
    '--ip',
    '10.9.1.8',
    'box',
    'true',
  )
  await ok('rm', '-f', 'two')
  await ok('network', 'rm', 'front', 'back')
})

test('a created container is taken off its network and put back with aliases before it starts', async () => {
  await ok('network', 'create', 'composed')
  await ok('create', '--name', 'late', '--network', 'composed', 'box', 'sleep', '1000')
  await ok('network', 'disconnect', 'composed', 'late')
  assert.equal(await inspected('{{len .NetworkSettings.Networks}}', 'late'), '0')
  await ok('network', 'connect', '--alias', 'service', 'composed', 'late')
  await ok('start', 'late')
  assert.equal(await inspected('{{.NetworkSettings.Networks.composed.Aliases}}', 'late'), '[service]')
  assert.match(await inspected('{{.NetworkSettings.Networks.composed.IPAddress}}', 'late'), /^10\./)
  assert.equal(await ok('network', 'inspect', '-f', '{{range .Containers}}{{.Name}}{{end}}', 'composed'), 'late')
  await ok('rm', '-f', 'late')
  assert.match(await ok('network', 'prune', '-f'), /composed/)
})

test('a running container is connected and disconnected, which lasts over a restart', async () => {
  await ok('network', 'create', 'extra')
  await ok('run', '-d', '--name', 'moves', 'box', 'sleep', '1000')
  await ok('network', 'connect', 'extra', 'moves')
  await refused(/already exists in network extra/, 'network', 'connect', 'extra', 'moves')
  assert.match(await ok('exec', 'moves', 'ip', '-o', 'addr'), /eth0[\s\S]*eth1/)
  await ok('network', 'disconnect', 'bridge', 'moves')
  assert.match(await ok('exec', 'moves', 'ip', 'route'), /^default via 10\.\S+ dev eth1/)
  await ok('restart', '-t', '0', 'moves')
  assert.equal(await inspected('{{range $name, $_ := .NetworkSettings.Networks}}{{$name}}{{end}}', 'moves'), 'extra')
  await refused(/alias is supported only for containers in user defined networks/, 'network', 'connect', '--alias', 'x', 'bridge', 'moves')
  await refused(/is not connected to network bridge/, 'network', 'disconnect', 'bridge', 'moves')
  await ok('rm', '-f', 'moves')
  await ok('network', 'rm', 'extra')
})

test('containers share the network of another container, of the host, or have none', async () => {
  await ok('run', '-d', '--name', 'owner', '--hostname', 'shared', 'box', 'sleep', '1000')
  const address = await inspected('{{.NetworkSettings.IPAddress}}', 'owner')
  assert.match(
    await ok('run', '--rm', '--network', 'container:owner', 'box', 'sh', '-c', 'hostname; ip addr; cat /etc/hosts'),
    new RegExp(`^shared[\\s\\S]*${address}/[\\s\\S]*${address}\\tshared`),
  )
  await refused(/conflicting options: port publishing/, 'run', '--rm', '--network', 'container:owner', '-p', '80', 'box', 'true')
  await ok('rm', '-f', 'owner')
  assert.equal(await ok('run', '--rm', '--network', 'none', 'box', 'ls', '/sys/class/net'), 'lo')
  assert.match(await ok('run', '--rm', '--network', 'host', 'box', 'cat', '/proc/net/route'), new RegExp(await bridgeOf('bridge')))
  await refused(/network nowhere not found/, 'run', '--rm', '--network', 'nowhere', 'box', 'true')
})

async function bridgeOf(network: string): Promise<string> {
  const address = await ok('network', 'inspect', '-f', '{{range .IPAM.Config}}{{.Gateway}}{{end}}', network)
  const { out } = await instance.command('ip', ['-o', 'addr'])
  return (
    out
      .split('\n')
      .find((line) => line.includes(` ${address}/`))
      ?.split(/\s+/)[1] ?? 'no bridge'
  )
}

test('what happens to networks and volumes is told as events', async () => {
  const since = String(Math.floor(Date.now() / 1000))
  await ok('network', 'create', 'told')
  await ok('run', '--rm', '--network', 'told', '-v', 'toldvolume:/x', 'box', 'true')
  await ok('network', 'rm', 'told')
  await ok('volume', 'rm', 'toldvolume')
  const until = String(Math.floor(Date.now() / 1000) + 1)
  const told = await ok(
    'events',
    '--since',
    since,
    '--until',
    until,
    '--filter',
    'type=network',
    '--filter',
    'type=volume',
    '--format',
    '{{.Type}} {{.Action}}',
  )
  for (const event of ['network create', 'network connect', 'network disconnect', 'network destroy', 'volume create', 'volume destroy'])
    assert.ok(told.split('\n').includes(event), `${event} in\n${told}`)
})

test("options of Docker's bridge driver are carried out", async () => {
  const options = {
    'bridge.enable_icc': 'false',
    'driver.mtu': '1400',
    'bridge.host_binding_ipv4': '127.0.0.1',
    'bridge.name': `gyt${process.pid}`,
  }
  const given = Object.entries(options).flatMap(([name, value]) => ['-o', `com.docker.network.${name}=${value}`])
  await ok('network', 'create', ...given, 'tuned')
  await ok('run', '-d', '--name', 'first', '--network', 'tuned', '-p', '80', 'box', 'sleep', '1000')
  await ok('run', '-d', '--name', 'second', '--network', 'tuned', 'box', 'sleep', '1000')
  assert.match(await ok('port', 'first'), /^80\/tcp -> 127\.0\.0\.1:\d+$/)
  assert.match(await ok('exec', 'first', 'ip', 'link', 'show', 'eth0'), /mtu 1400/)
  assert.match((await instance.command('ip', ['link', 'show', `gyt${process.pid}`])).out, /mtu 1400/)
  const { networks, gateway } = {
    networks: '{{.NetworkSettings.Networks.tuned.IPAddress}}',
    gateway: '{{.NetworkSettings.Networks.tuned.Gateway}}',
  }
  assert.equal((await docker('exec', 'first', 'ping', '-c', '1', '-W', '1', await inspected(networks, 'second'))).code, 1)
  await ok('exec', 'first', 'ping', '-c', '1', '-W', '20', await inspected(gateway, 'second'))
  await ok('rm', '-f', 'first', 'second')
  await ok('network', 'rm', 'tuned')
})

test('drivers that Galley lacks are refused by name', async () => {
  for (const driver of ['macvlan', 'ipvlan', 'overlay'])
    await refused(new RegExp(`"${driver}" is not implemented`), 'network', 'create', '-d', driver, 'lan')
  await refused(/plugin "odd" not found/, 'network', 'create', '-d', 'odd', 'lan')
})

test("a container in the host's network, or in none, does not keep the daemon from starting again", async () => {
  await ok('run', '-d', '--name', 'hosted', '--network', 'host', 'box', 'sleep', '1000')
  await ok('run', '-d', '--name', 'alone', '--network', 'none', 'box', 'sleep', '1000')
  await instance.galley('daemon', 'stop', ...instance.options)
  await instance.start()
  assert.equal(await inspected('{{.State.Running}}', 'hosted', 'alone'), 'true\ntrue')
  await ok('rm', '-f', 'hosted', 'alone')
})
