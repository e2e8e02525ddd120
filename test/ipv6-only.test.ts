import assert from 'node:assert/strict'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import { Instance } from './instance.ts'

/** Networks that have IPv6 alone, and a default bridge that has it too, with the real docker CLI. */
const range = 'fd00:6b:1::/64'
const instance = new Instance(['--ipv6', 'on', '--fixed-cidr-v6', range])
const { docker, ok } = instance
const skip = existsSync('/proc/sys/net/ipv6') ? false : 'the kernel has no IPv6'
const addresses = '{{range .NetworkSettings.Networks}}[{{.IPAddress}}] {{.GlobalIPv6Address}} {{.IPv6Gateway}}{{end}}'

function reads(container: string, url: string): Promise<string> {
  return ok('exec', container, 'wget', '-q', '-O', '-', url)
}

describe('IPv6 alone', { skip }, () => {
  before(async () => {
    await instance.start()
    await instance.importBox()
    await ok('network', 'create', '--ipv4=false', '--ipv6', '--subnet', 'fd00:6b:2::/64', 'alone')
    const serve = ['box', 'httpd', '-f', '-h', '/data']
    await ok('run', '-d', '--name', 'web', '--network', 'alone', '-p', '80', '-p', '127.0.0.1::80', ...serve)
    await ok('run', '-d', '--name', 'client', '--network', 'alone', 'box', 'sleep', '1000')
  })

  after(() => instance.stop())

  test('a network says what it has, and its containers have no address of IPv4', async () => {
    const network = '{{.EnableIPv4}} {{.EnableIPv6}} {{len .IPAM.Config}} {{range .Containers}}[{{.IPv4Address}}]{{end}}'
    assert.equal(await ok('network', 'inspect', '-f', network, 'alone'), 'false true 1 [][]')
    assert.equal(await ok('inspect', '-f', addresses, 'web'), '[] fd00:6b:2::2 fd00:6b:2::1')
    assert.doesNotMatch(await ok('exec', 'web', 'ip', 'address', 'show', 'eth0'), /inet /)
    assert.equal(await ok('exec', 'web', 'ip', 'route'), '')
    assert.match(await ok('exec', 'web', 'ip', '-6', 'route'), /default via fd00:6b:2::1/)
  })

  test('a name has an address of IPv6 and none of IPv4', async () => {
    assert.match(await ok('exec', 'client', 'nslookup', '-type=aaaa', 'web.'), /fd00:6b:2::2/)
    assert.doesNotMatch((await docker('exec', 'client', 'nslookup', '-type=a', 'web.')).out, /Name:/)
    assert.match(await ok('exec', 'client', 'nslookup', 'fd00:6b:2::2'), /name = web\.alone/)
    assert.equal(await reads('client', 'http://web/seed'), 'from the image')
  })

  test('published ports lead there, from IPv4 too', async () => {
    const ports = (await ok('port', 'web', '80')).split('\n')
    const port = /^\[::\]:(\d+)$/m.exec(ports.join('\n'))?.[1] ?? assert.fail(ports.join(' '))
    for (const host of ['127.0.0.1', '[::1]', '[fd00:6b:2::1]'])
      assert.equal(await instance.fetched(`http://${host}:${port}/seed`), 'from the image\n')
    const bound = ports.find((line) => line.startsWith('127.0.0.1:')) ?? assert.fail(ports.join(' '))
    assert.equal(await instance.fetched(`http://${bound}/seed`), 'from the image\n')
    assert.equal(await reads('client', `http://[fd00:6b:2::1]:${port}/seed`), 'from the image')
  })

  test('other networks are apart', async () => {
    await ok('network', 'create', '--ipv4=false', '--ipv6', 'apart')
    await ok('run', '-d', '--name', 'far', '--network', 'apart', 'box', 'sleep', '1000')
    assert.equal((await docker('exec', 'far', 'ping', '-c', '1', '-W', '1', 'fd00:6b:2::2')).code, 1)
    await ok('network', 'connect', 'alone', 'far')
    await ok('exec', 'far', 'ping', '-c', '1', '-W', '20', 'fd00:6b:2::2')
    await ok('rm', '-f', 'far')
  })

  test('a container that has a network of each family uses both', async () => {
    await ok('network', 'create', 'four')
    await ok('run', '-d', '--name', 'both', '--network', 'four', '-p', '80', 'box', 'httpd', '-f', '-h', '/data')
    await ok('network', 'connect', 'alone', 'both')
    assert.match(await ok('exec', 'both', 'ip', 'route'), /^default via 10\./)
    assert.match(await ok('exec', 'both', 'ip', '-6', 'route'), /default via fd00:6b:2::1/)
    const read = async (): Promise<string> => instance.fetched(`http://${(await ok('port', 'both', '80')).split('\n')[0]}/seed`)
    assert.equal(await read(), 'from the image\n')
    await ok('network', 'disconnect', 'four', 'both')
    assert.equal(await read(), 'from the image\n')
    await ok('rm', '-f', 'both')
  })

  test('what is there survives the daemon', async () => {
    const port = (await ok('port', 'web', '80')).split('\n')[0]?.split(':').at(-1) ?? ''
    instance.killDaemon()
    assert.equal(await instance.fetched(`http://[fd00:6b:2::1]:${port}/seed`), 'from the image\n')
    await instance.start()
    assert.equal(await ok('inspect', '-f', addresses, 'web'), '[] fd00:6b:2::2 fd00:6b:2::1')
    assert.equal(await instance.fetched(`http://127.0.0.1:${port}/seed`), 'from the image\n')
    await ok('restart', '-t', '0', 'web')
    assert.equal(await reads('client', 'http://web/seed'), 'from the image')
  })

  test('wishes that cannot be are refused in the words of Docker', async () => {
    const create = async (...args: string[]): Promise<string> => (await docker('network', 'create', ...args, 'wrong')).err
    assert.match(await create('--ipv4=false'), /IPv4 or IPv6 must be enabled/)
    assert.match(
      await create('--ipv4=false', '--ipv6', '--subnet', '10.2.0.0/24'),
      /invalid subnet 10\.2\.0\.0\/24: IPv4 has not been enabled/,
    )
    assert.match(await create('--subnet', '10.2.0.0/24', '--subnet', '10.3.0.0/24'), /bridge driver doesn't support multiple subnets/)
    assert.match((await docker('run', '--rm', '--network', 'alone', '--ip', '10.2.0.9', 'box', 'true')).err, /no configured subnet/)
  })

  test('a project declares such a network', async () => {
    const directory = `${instance.home}/project`
    mkdirSync(directory)
    const file =
      'services: { web: { image: box, command: sleep 1000 } }\nnetworks: { default: { enable_ipv4: false, enable_ipv6: true } }\n'
    writeFileSync(`${directory}/compose.yaml`, file)
    const { code, err } = await instance.command(`${process.cwd()}/galley`, ['up', '-d'], { cwd: directory })
    assert.equal(code, 0, err)
    assert.equal(await ok('network', 'inspect', '-f', '{{.EnableIPv4}} {{.EnableIPv6}}', 'project_default'), 'false true')
    assert.match(await ok('inspect', '-f', addresses, 'project-web-1'), /^\[\] fd/)
    assert.equal((await instance.command(`${process.cwd()}/galley`, ['down'], { cwd: directory })).code, 0)
  })

  test('a range for the default bridge needs IPv6', async () => {
    const run = `${instance.home}/other`
    const { code, err } = await instance.galley('daemon', 'start', '--run', run, '--data', run, '--fixed-cidr-v6', range)
    assert.notEqual(code, 0)
    assert.match(err, /--fixed-cidr-v6 needs --ipv6 on/)
  })

  test('the default bridge has IPv6 as the daemon is told', async () => {
    const network = async (): Promise<string> => ok('network', 'inspect', '-f', '{{.EnableIPv6}} {{json .IPAM.Config}}', 'bridge')
    assert.match(await network(), /^true .*"Subnet":"fd00:6b:1::\/64","Gateway":"fd00:6b:1::1"/)
    await ok('run', '-d', '--name', 'usual', '-p', '80', 'box', 'httpd', '-f', '-h', '/data')
    assert.match(await ok('inspect', '-f', addresses, 'usual'), /^\[10\..*\] fd00:6b:1::2 fd00:6b:1::1$/)
    const port = (await ok('port', 'usual', '80')).split(':').at(-1) ?? ''
    for (const host of ['127.0.0.1', '[::1]', '[fd00:6b:1::1]'])
      assert.equal(await instance.fetched(`http://${host}:${port}/seed`), 'from the image\n')
    assert.equal((await instance.galley('daemon', 'stop', ...instance.options)).code, 0)
    const { code, err } = await instance.galley('daemon', 'start', ...instance.options.slice(0, -4))
    assert.equal(code, 0, err)
    assert.match(await network(), /^false /)
    await ok('restart', '-t', '0', 'usual')
    assert.match(await ok('inspect', '-f', addresses, 'usual'), /^\[10\..*\]\s*$/)
    assert.equal((await instance.galley('daemon', 'stop', ...instance.options)).code, 0)
    await instance.start()
    assert.match(await network(), /^true /)
  })
})
