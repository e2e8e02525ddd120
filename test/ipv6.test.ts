import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createServer } from 'node:net'
import { after, before, describe, test } from 'node:test'
import packets from 'dns-packet'
import { Instance } from './instance.ts'

/** IPv6 on networks that ask for it, with the real docker CLI. */
const instance = new Instance()
const { docker, ok } = instance
const skip = existsSync('/proc/sys/net/ipv6') ? false : 'the kernel has no IPv6'

async function address(container: string, network: string): Promise<string> {
  return ok('inspect', '-f', `{{.NetworkSettings.Networks.${network}.GlobalIPv6Address}}`, container)
}

/** A server outside that knows one address for every name; `transports` says how it was asked for A records. */
async function serveNames(host: string): Promise<AsyncDisposable & { readonly transports: string[] }> {
  const transports: string[] = []
  const answer = (message: Buffer, transport: string): Buffer => {
    const { id = 0, questions = [] } = packets.decode(message)
    const [{ name = '', type = 'A' } = {}] = questions
    if (type === 'A') transports.push(transport)
    const answers = type === 'A' ? [{ type, name, ttl: 60, data: '203.0.113.7' }] : []
    return packets.encode({ type: 'response', id, flags: packets.RECURSION_AVAILABLE, questions, answers })
  }
  const datagrams = createSocket('udp6')
  datagrams.on('message', (message, from) => datagrams.send(answer(message, 'udp'), from.port, from.address))
  datagrams.bind(53, host)
  const streams = createServer((socket) => {
    socket.on('data', (chunk: Buffer) => {
      const reply = answer(chunk.subarray(2), 'tcp')
      const length = Buffer.alloc(2)
      length.writeUInt16BE(reply.length)
      socket.end(Buffer.concat([length, reply]))
    })
  }).listen(53, host)
  await Promise.all([once(datagrams, 'listening'), once(streams, 'listening')])
  return {
    transports,
    async [Symbol.asyncDispose]() {
      datagrams.close()
      streams.close()
      await once(streams, 'close')
    },
  }
}

describe('IPv6', { skip }, () => {
  before(async () => {
    await instance.start()
    await instance.importBox()
    await ok('network', 'create', '--ipv6', '--subnet', 'fd00:6a:1::/64', '--gateway', 'fd00:6a:1::ff', 'six')
    await ok('run', '-d', '--name', 'web', '--network', 'six', '--ip6', 'fd00:6a:1::77', '-p', '80', 'box', 'httpd', '-f', '-h', '/data')
    await ok('run', '-d', '--name', 'client', '--network', 'six', 'box', 'sleep', '1000')
  })

  after(() => instance.stop())

  test('a network has two subnets, and its containers an address of each', async () => {
    assert.match(
      await ok('network', 'inspect', '-f', '{{.EnableIPv6}} {{len .IPAM.Config}} {{(index .IPAM.Config 1).Subnet}}', 'six'),
      /^true 2 fd00:6a:1::\/64$/,
    )
    const fields = '{{.IPAddress}} {{.GlobalIPv6Address}} {{.GlobalIPv6PrefixLen}} {{.IPv6Gateway}} {{.IPAMConfig.IPv6Address}}'
    assert.match(
      await ok('inspect', '-f', `{{with .NetworkSettings.Networks.six}}${fields}{{end}}`, 'web'),
      /^10\.[\d.]+ fd00:6a:1::77 64 fd00:6a:1::ff fd00:6a:1::77$/,
    )
    assert.match(await ok('network', 'inspect', '-f', '{{range .Containers}}{{.IPv6Address}} {{end}}', 'six'), /fd00:6a:1::77\/64/)
    assert.match(await ok('exec', 'web', 'cat', '/etc/hosts'), /^fd00:6a:1::77\t[0-9a-f]{12}$/m)
  })

  test('an address is usable at once, and reached by name', async () => {
    await ok('run', '--rm', '--network', 'six', 'box', 'ping', '-6', '-c', '1', '-W', '20', 'web')
    assert.match(await ok('exec', 'client', 'nslookup', '-type=aaaa', 'web.'), /fd00:6a:1::77/)
    assert.match(await ok('exec', 'client', 'nslookup', 'fd00:6a:1::77'), /name = web\.six/)
    await instance.until(
      async () => (await docker('exec', 'client', 'wget', '-q', '-O', '-', 'http://[fd00:6a:1::77]/seed')).out,
      (text) => text === 'from the image\n',
    )
  })

  test('names are asked of servers that have only IPv6, over UDP and TCP', async () => {
    await using upstream = await serveNames('fd00:6a:1::ff')
    const server = ['--dns', 'fd00:6a:1:0::ff', '--network', 'six']
    assert.match(await ok('run', '--rm', ...server, 'box', 'nslookup', 'outside.example.'), /203\.0\.113\.7/)
    await ok('run', '-d', '--name', 'asker', ...server, 'box', 'sleep', '1000')
    const pid = await ok('inspect', '-f', '{{.State.Pid}}', 'asker')
    const question = packets.streamEncode({ type: 'query', id: 7, questions: [{ name: 'outside.example', type: 'A' }] }).toString('hex')
    const program = `const s=require('net').connect(53,'127.0.0.11');s.write(Buffer.from('${question}','hex'));s.once('data',(d)=>{console.log(d.toString('hex'));s.destroy()})`
    const { out } = await instance.command('nsenter', ['-t', pid, '-n', process.execPath, '-e', program])
    assert.deepEqual(
      packets.streamDecode(Buffer.from(out.trim(), 'hex')).answers?.map((answer) => 'data' in answer && answer.data),
      ['203.0.113.7'],
    )
    // A program that waits for long asks once more.
    assert.deepEqual([...new Set(upstream.transports)], ['udp', 'tcp'])
    await ok('rm', '-f', 'asker')
  })

  test('the way outside and back to published ports is open', async () => {
    assert.match(await ok('exec', 'client', 'cat', '/proc/net/ipv6_route'), /^0{32} 00 .* fd00006a0001000000000000000000ff .* eth0$/m)
    const published = (await ok('port', 'web', '80')).split('\n')
    const port = /^\[::\]:(\d+)$/m.exec(published.join('\n'))?.[1] ?? assert.fail(published.join(' '))
    for (const host of ['127.0.0.1', '[::1]', '[fd00:6a:1::ff]'])
      assert.equal(await instance.fetched(`http://${host}:${port}/seed`), 'from the image\n')
    assert.equal(await ok('exec', 'client', 'wget', '-q', '-O', '-', `http://[fd00:6a:1::ff]:${port}/seed`), 'from the image')
  })

  test('a gateway may be local to the link', async () => {
    await ok('network', 'create', '--ipv6', '--subnet', 'fe80::/64', '--gateway', 'fe80::1001:1', 'link')
    await ok('run', '-d', '--name', 'local', '--network', 'link', '--ip6', 'fe80::1001:102', 'box', 'sleep', '1000')
    const routes = await ok('exec', 'local', 'cat', '/proc/net/ipv6_route')
    assert.match(routes, /^0{32} 00 .* fe800000000000000000000010010001 .* eth0$/m)
    await ok('rm', '-f', 'local')
    await ok('network', 'rm', 'link')
  })

  test('other networks are apart, and containers without IPv6 have none', async () => {
    await ok('network', 'create', '--ipv6', 'seven')
    assert.match(await ok('network', 'inspect', '-f', '{{(index .IPAM.Config 1).Subnet}}', 'seven'), /^fd[0-9a-f:]+::\/64$/)
    await ok('run', '-d', '--name', 'far', '--network', 'seven', 'box', 'sleep', '1000')
    assert.equal((await docker('exec', 'far', 'ping', '-c', '1', '-W', '1', 'fd00:6a:1::77')).code, 1)
    await ok('network', 'connect', '--ip6', 'fd00:6a:1::99', 'six', 'far')
    await ok('exec', 'far', 'ping', '-c', '1', '-W', '20', 'fd00:6a:1::77')
    await ok('network', 'disconnect', 'six', 'far')
    await ok('exec', 'far', 'ping', '-c', '1', '-W', '20', await address('far', 'seven'))
    assert.equal(await ok('run', '--rm', 'box', 'sh', '-c', 'grep -v " lo$" /proc/net/if_inet6; true'), '')
  })

  test('addresses that cannot be had are refused in the words of Docker', async () => {
    const refusals = [
      ['fd00:6a:1::77', 'six', /Address already in use/],
      ['fd00:6a:2::1', 'six', /no configured subnet or ip-range contain the IP address fd00:6a:2::1/],
      ['fd00:6a:1::5', 'seven', /only when connecting to networks with user configured subnets/],
    ] as const
    for (const [wished, network, pattern] of refusals)
      assert.match((await docker('run', '--rm', '--network', network, '--ip6', wished, 'box', 'true')).err, pattern)
    assert.match((await docker('network', 'create', '--ipv6', '--subnet', 'fd00:6a:1::/48', 'again')).err, /Pool overlaps/)
  })

  test('addresses, ports and names are there while the daemon is dead, and after it', async () => {
    const port = (await ok('port', 'web', '80')).split(':').at(-1) ?? ''
    instance.killDaemon()
    assert.equal(await instance.fetched(`http://[fd00:6a:1::ff]:${port}/seed`), 'from the image\n')
    await instance.start()
    assert.equal(await address('web', 'six'), 'fd00:6a:1::77')
    assert.equal(await instance.fetched(`http://[::1]:${port}/seed`), 'from the image\n')
    await ok('restart', '-t', '0', 'web')
    assert.equal(await address('web', 'six'), 'fd00:6a:1::77')
  })
})
