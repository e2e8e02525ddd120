import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Instance } from './instance.ts'

/** What a container's places on its networks may be like, with the real docker CLI: `--link`, `--link-local-ip`, options of `--network`. */
const instance = new Instance()
const { docker, ok } = instance

before(async () => {
  await instance.start()
  await instance.importBox()
  for (const name of ['front', 'back']) await ok('network', 'create', name)
})

after(() => instance.stop())

const gateway = async (container: string): Promise<string> =>
  (await ok('exec', container, 'ip', 'route')).match(/default via (\S+)/)?.[1] ?? ''

const gatewayOf = (network: string): Promise<string> => ok('network', 'inspect', '-f', '{{range .IPAM.Config}}{{.Gateway}}{{end}}', network)

test('a container calls others on its network by names of its own, whatever their address is', async () => {
  await ok('run', '-d', '--name', 'db', '--network', 'front', 'box', 'sleep', '1000')
  await ok('run', '-d', '--name', 'app', '--network', 'front', '--link', 'db:Store', 'box', 'sleep', '1000')
  await ok('run', '-d', '--name', 'other', '--network', 'front', 'box', 'sleep', '1000')
  assert.match(await ok('exec', 'app', 'ping', '-c1', '-W20', 'store'), /1 packets received/)
  assert.notEqual((await docker('exec', 'other', 'ping', '-c1', '-W20', 'store')).code, 0)
  assert.equal(await ok('inspect', '-f', '{{.NetworkSettings.Networks.front.Links}}', 'app'), '[db:Store]')

  await ok('rm', '-f', 'db')
  assert.notEqual((await docker('exec', 'app', 'ping', '-c1', '-W20', 'store')).code, 0)
  await ok('run', '-d', '--name', 'taker', '--network', 'front', 'box', 'sleep', '1000')
  await ok('run', '-d', '--name', 'db', '--network', 'front', 'box', 'sleep', '1000')
  assert.match(await ok('exec', 'app', 'ping', '-c1', '-W20', 'store'), /1 packets received/)

  await ok('network', 'connect', '--link', 'db:late', 'back', 'other')
  await ok('network', 'connect', 'back', 'db')
  assert.match(await ok('exec', 'other', 'ping', '-c1', '-W20', 'late'), /1 packets received/)
  instance.killDaemon()
  await instance.until(
    async () => (await docker('info')).code,
    (code) => code === 0,
  )
  assert.match(await ok('exec', 'other', 'ping', '-c1', '-W20', 'late'), /1 packets received/)
  await ok('restart', '-t', '0', 'app')
  assert.match(await ok('exec', 'app', 'ping', '-c1', '-W20', 'store'), /1 packets received/)
  await ok('rm', '-f', 'db', 'app', 'other', 'taker')
})

test('link-local addresses are there besides the network’s own', async () => {
  const at = (address: string): string[] => ['--network', 'front', '--link-local-ip', address]
  await ok('run', '-d', '--name', 'one', ...at('169.254.7.1'), '--link-local-ip', 'fe80::7:1', 'box', 'sleep', '1000')
  await ok('run', '-d', '--name', 'two', ...at('169.254.7.2'), 'box', 'sleep', '1000')
  assert.match(await ok('exec', 'two', 'ping', '-c1', '-W20', '169.254.7.1'), /1 packets received/)
  const addresses = await ok('exec', 'one', 'ip', 'addr', 'show', 'eth0')
  assert.match(addresses, /inet 169\.254\.7\.1\/16/)
  assert.match(addresses, /inet6 fe80::7:1\/64/)
  assert.match((await docker('run', '--rm', ...at('10.0.0.1'), 'box', 'true')).err, /invalid link-local IP address: 10\.0\.0\.1/)
  await ok('rm', '-f', 'one', 'two')
})

test('the network of the highest priority leads outside, and what is published comes in by it', async () => {
  const listen = ['httpd', '-f', '-p', '80', '-h', '/data']
  await ok('run', '-d', '--name', 'both', '-p', '80', '--network', 'front', '--network', 'name=back,gw-priority=1', 'box', ...listen)
  const address = `http://127.0.0.1:${(await ok('port', 'both', '80/tcp')).split('\n')[0]?.split(':').at(-1)}/seed`
  const seed = 'from the image\n'
  assert.equal(await gateway('both'), await gatewayOf('back'))
  assert.equal(await instance.fetched(address), seed)
  await ok('network', 'disconnect', 'back', 'both')
  assert.equal(await gateway('both'), await gatewayOf('front'))
  assert.equal(await instance.fetched(address), seed)
  await ok('network', 'connect', '--gw-priority', '2', 'back', 'both')
  assert.equal(await gateway('both'), await gatewayOf('back'))
  assert.equal(await instance.fetched(address), seed)
  await ok('rm', '-f', 'both')
})

test('an interface has the name and the settings that are asked for', async () => {
  const named = (...options: string[]): string[] => ['run', '--rm', '--network', ['name=front', ...options].join(','), 'box']
  const name = 'driver-opt=com.docker.network.endpoint.ifname'
  const sysctls = '"driver-opt=com.docker.network.endpoint.sysctls=net.ipv4.conf.IFNAME.log_martians=1,net.ipv4.conf.IFNAME.forwarding=0"'
  assert.match(await ok(...named(`${name}=lan0`), 'ip', 'addr'), /lan0@.*[^]*inet /)
  assert.equal(
    await ok(...named(sysctls), 'cat', '/proc/sys/net/ipv4/conf/eth0/log_martians', '/proc/sys/net/ipv4/conf/eth0/forwarding'),
    '1\n0',
  )
  assert.match((await docker(...named(`${name}=a/b`), 'true')).err, /invalid interface name "a\/b"/)
  const other = 'driver-opt=com.docker.network.endpoint.sysctls=net.ipv4.ip_forward=1'
  assert.match((await docker(...named(other), 'true')).err, /invalid endpoint sysctl setting "net\.ipv4\.ip_forward=1"/)
  assert.match(
    (await docker(...named('driver-opt=com.docker.network.nosuch=1'), 'true')).err,
    /com\.docker\.network\.nosuch is not implemented/,
  )
  assert.equal((await docker(...named('driver-opt=com.example.setting=1'), 'true')).code, 0)
})
