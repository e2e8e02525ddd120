import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import { Instance } from './instance.ts'

/** Options of `docker network create`, with the real docker CLI. */
const instance = new Instance()
const { docker, ok } = instance
const bridge = 'com.docker.network.bridge'

async function refusal(...args: string[]): Promise<string> {
  return (await docker('network', 'create', ...args, 'wrong')).err
}

describe('options of networks', () => {
  before(async () => {
    await instance.start()
    await instance.importBox()
  })

  after(() => instance.stop())

  test('a port on a routed network has no number on the host, before and after the daemon', async () => {
    const routed = ['-o', `${bridge}.gateway_mode_ipv4=routed`]
    await ok('network', 'create', ...routed, 'routed')
    await ok('run', '-d', '--name', 'web', '--network', 'routed', '-p', '127.0.0.1:8080:80', 'box', 'httpd', '-f', '-h', '/data')
    const ports = async (): Promise<string> => ok('inspect', '-f', '{{json .NetworkSettings.Ports}}', 'web')
    assert.equal(await ports(), '{"80/tcp":[{"HostIp":"0.0.0.0","HostPort":""}]}')
    assert.match(await ok('ps', '--format', '{{.Ports}}', '--filter', 'name=web'), /80\/tcp/)
    const address = await ok('inspect', '-f', '{{.NetworkSettings.Networks.routed.IPAddress}}', 'web')
    assert.equal(await instance.fetched(`http://${address}/seed`), 'from the image\n')
    instance.killDaemon()
    await instance.start()
    assert.equal(await ports(), '{"80/tcp":[{"HostIp":"0.0.0.0","HostPort":""}]}')
    // Two networks of Docker's reach each other where one of them is routed.
    assert.equal(await ok('run', '--rm', 'box', 'wget', '-q', '-O', '-', `http://${address}/seed`), 'from the image')
    await ok('rm', '-f', 'web')
  })

  test('an isolated network has no gateway', async () => {
    await ok('network', 'create', '--internal', '-o', `${bridge}.gateway_mode_ipv4=isolated`, 'isolated')
    assert.doesNotMatch(await ok('network', 'inspect', '-f', '{{json .IPAM.Config}}', 'isolated'), /Gateway/)
    await ok('run', '-d', '--name', 'one', '--network', 'isolated', 'box', 'sleep', '1000')
    await ok('run', '--rm', '--network', 'isolated', 'box', 'ping', '-c', '1', '-W', '20', 'one')
    await ok('rm', '-f', 'one')
    assert.match(
      await refusal('-o', `${bridge}.gateway_mode_ipv4=isolated`),
      /gateway mode 'isolated' can only be used for an internal network/,
    )
  })

  test('families, MTU, masquerading, and names of interfaces follow the options', async () => {
    await ok(
      'network',
      'create',
      '-o',
      'com.docker.network.enable_ipv6=true',
      '-o',
      'com.docker.network.container_iface_prefix=lan',
      'both',
    )
    await ok('network', 'create', '-o', 'com.docker.network.driver.mtu=1400', '-o', `${bridge}.enable_ip_masquerade=false`, 'small')
    assert.equal(await ok('network', 'inspect', '-f', '{{.EnableIPv6}}', 'both'), 'true')
    const shown = await ok('run', '--rm', '--network', 'both', '--network', 'small', 'box', 'ip', 'link')
    assert.match(shown, /lan0/)
    assert.match(shown, /eth0.* mtu 1400/)
  })

  test('ports without an address are published on that of the options, of either family', async () => {
    await ok('network', 'create', '-o', `${bridge}.host_binding_ipv4=::1`, 'six')
    await ok('run', '-d', '--name', 'bound', '--network', 'six', '-p', '80', 'box', 'httpd', '-f', '-h', '/data')
    const port = await ok('port', 'bound', '80')
    assert.match(port, /^\[::1\]:\d+$/)
    assert.equal(await instance.fetched(`http://${port}/seed`), 'from the image\n')
    await ok('rm', '-f', 'bound')
  })

  test('a configuration makes networks, and stays while there are any', async () => {
    const create = ['--config-only', '--subnet', '10.214.0.0/24', '--aux-address', 'kept=10.214.0.2', '--ipv6', '--label', 'a=b']
    await ok('network', 'create', ...create, '-o', 'com.docker.network.driver.mtu=1450', '--ipam-opt', 'odd=1', 'template')
    const shape = '{{.ConfigOnly}} {{.Driver}} {{.EnableIPv6}} {{json .ConfigFrom}} {{json .Labels}} {{json .IPAM.Options}}'
    assert.equal(await ok('network', 'inspect', '-f', shape, 'template'), 'true null true {"Network":""} {"a":"b"} {"odd":"1"}')
    assert.match(await ok('network', 'inspect', '-f', '{{json .IPAM.Config}}', 'template'), /"Subnet":"10\.214\.0\.0\/24"/)
    assert.match((await docker('run', '--rm', '--network', 'template', 'box', 'true')).err, /cannot be connected to network template/)
    await ok('network', 'create', '--config-from', 'template', 'made')
    assert.equal(await ok('network', 'inspect', '-f', shape, 'made'), 'false bridge true {"Network":"template"} {"a":"b"} {"odd":"1"}')
    const { out } = await docker('run', '--rm', '--network', 'made', 'box', 'ip', 'address', 'show', 'eth0')
    assert.match(out, /mtu 1450[^]*inet 10\.214\.0\.3\/24[^]*inet6 fd/)
    assert.match((await docker('network', 'create', '--config-from', 'template', 'again')).err, /Pool overlaps/)
    assert.match((await docker('network', 'rm', 'template')).err, /configuration network "template" is in use/)
    assert.match(await refusal('--config-from', 'nobody'), /configuration network "nobody" does not exist/)
    assert.match(await refusal('--config-from', 'template', '--subnet', '10.213.0.0/24'), /user-specified configurations are not supported/)
    assert.match(await refusal('--config-only', '--internal'), /configuration network can only contain network specific fields/)
    instance.killDaemon()
    await instance.start()
    await ok('network', 'rm', 'made')
    assert.doesNotMatch((await docker('network', 'prune', '-f')).out, /template/)
    await ok('network', 'rm', 'template')
  })

  test("a project's services say how they are on their networks", async () => {
    const directory = `${instance.home}/project`
    mkdirSync(directory)
    writeFileSync(
      `${directory}/compose.yaml`,
      `services:
  web:
    image: box
    command: sleep 1000
    stop_grace_period: 0s
    networks:
      front: {interface_name: lan7, link_local_ips: [169.254.9.9]}
      back: {gw_priority: 1, driver_opts: {com.docker.network.endpoint.sysctls: net.ipv4.conf.IFNAME.log_martians=1}}
networks:
  front: {ipam: {options: {odd: "1"}}}
  back: {}
`,
    )
    const up = await instance.command(`${process.cwd()}/galley`, ['up', '-d'], { cwd: directory })
    assert.equal(up.code, 0, up.err)
    const addresses = await ok('exec', 'project-web-1', 'ip', 'address')
    assert.match(addresses, /lan7/)
    assert.match(addresses, /inet 169\.254\.9\.9\/16/)
    const gateway = await ok('network', 'inspect', '-f', '{{range .IPAM.Config}}{{.Gateway}}{{end}}', 'project_back')
    assert.match(await ok('exec', 'project-web-1', 'ip', 'route'), new RegExp(`^default via ${gateway.replaceAll('.', '\\.')} `))
    assert.equal(await ok('network', 'inspect', '-f', '{{json .IPAM.Options}}', 'project_front'), '{"odd":"1"}')
    const again = await instance.command(`${process.cwd()}/galley`, ['up', '-d', '--dry-run'], { cwd: directory })
    assert.doesNotMatch(`${again.out}${again.err}`, /recreate|create/i)
    assert.equal((await instance.command(`${process.cwd()}/galley`, ['down'], { cwd: directory })).code, 0)
  })

  test('what is none of an option is refused by name', async () => {
    assert.match(
      await refusal('-o', `${bridge}.enable_icc=perhaps`),
      /invalid value for com\.docker\.network\.bridge\.enable_icc: "perhaps"/,
    )
    assert.match(await refusal('-o', 'com.docker.network.odd=1'), /com\.docker\.network\.odd is not implemented by Galley/)
    assert.match(await refusal('--ipam-opt', 'com.docker.network.ipam.serial=true'), /IPAM option .* is not implemented by Galley/)
  })
})
