import assert from 'node:assert/strict'
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, isIPv4, type Server } from 'node:net'
import { after, before, test } from 'node:test'
import packets from 'dns-packet'
import { Instance, type Outcome } from './instance.ts'

/** Names on networks, asked by the programs in containers. */
const instance = new Instance()
const { ok } = instance
let gateway = ''
let upstream: Upstream

before(async () => {
  await instance.start()
  await instance.importBox()
  await ok('network', 'create', 'named')
  gateway = await ok('network', 'inspect', '-f', '{{range .IPAM.Config}}{{.Gateway}}{{end}}', 'named')
  upstream = new Upstream()
  await upstream.listen(gateway)
  await ok('run', '-d', '--name', 'client', '--network', 'named', '--dns', gateway, '--dns-search', 'example.org', 'box', 'sleep', '1000')
})

after(async () => {
  upstream.close()
  await instance.stop()
})

/** A server outside, as a host's resolver is: knows `outside.example` and `web.example.org`, and has long answers over TCP only. */
class Upstream {
  readonly asked: string[] = []
  readonly #datagrams: Socket = createSocket('udp4')
  readonly #streams: Server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.on('data', (chunk) => {
      const reply = this.#answer(Buffer.from(chunk).subarray(2), true)
      const length = Buffer.alloc(2)
      length.writeUInt16BE(reply.length)
      socket.write(Buffer.concat([length, reply]))
    })
  })

  async listen(address: string): Promise<void> {
    this.#datagrams.on('message', (message, from) => this.#datagrams.send(this.#answer(message, false), from.port, from.address))
    this.#datagrams.bind(53, address)
    await once(this.#datagrams, 'listening')
    this.#streams.listen(53, address)
    await once(this.#streams, 'listening')
  }

  close(): void {
    this.#datagrams.close()
    this.#streams.close()
  }

  #answer(message: Buffer, long: boolean): Buffer {
    const { id = 0, questions = [] } = packets.decode(message)
    const [{ name = '', type = 'A' } = {}] = questions
    this.asked.push(name)
    const known: Record<string, string[]> = {
      'outside.example': ['203.0.113.7'],
      'web.example.org': ['203.0.113.8'],
      'long.example': Array.from({ length: 60 }, (_, n) => `203.0.113.${n}`),
    }
    const addresses = known[name]
    const cut = (addresses?.length ?? 0) > 10 && !long
    const flags =
      packets.RECURSION_DESIRED | packets.RECURSION_AVAILABLE | (addresses === undefined ? 3 : 0) | (cut ? packets.TRUNCATED_RESPONSE : 0)
    const answers = type === 'A' && !cut ? (addresses ?? []).map((data) => ({ type: 'A' as const, name, ttl: 60, data })) : []
    return packets.encode({ type: 'response', id, flags, questions, answers })
  }
}

/** A dot at the end keeps nslookup from trying search domains, which it does whatever `ndots` says. */
function lookUp(name: string, ...options: string[]): Promise<Outcome> {
  return instance.docker('exec', 'client', 'nslookup', ...options, isIPv4(name) ? name : `${name}.`)
}

function addresses({ out }: Outcome): string[] {
  return [...out.matchAll(/^Address(?: \d+)?:\s*(\d+\.\d+\.\d+\.\d+)$/gm)].map(([, address = '']) => address).toSorted()
}

async function addressOf(container: string, network = 'named'): Promise<string> {
  return ok('inspect', '-f', `{{.NetworkSettings.Networks.${network}.IPAddress}}`, container)
}

/** Runs a program of Node's inside the client's network. */
async function inClient(program: string): Promise<string> {
  const pid = await ok('inspect', '-f', '{{.State.Pid}}', 'client')
  const { out, err } = await instance.command('nsenter', ['-t', pid, '-n', process.execPath, '-e', program])
  assert.equal(err, '')
  return out
}

test('containers of a network find each other by name, alias, short id, host name and name with network', async () => {
  await ok('run', '-d', '--name', 'web', '--hostname', 'hosted', '--network', 'named', '--network-alias', 'service', 'box', 'sleep', '1000')
  const address = await addressOf('web')
  const short = (await ok('inspect', '-f', '{{.Id}}', 'web')).slice(0, 12)
  for (const name of ['web', 'WEB', 'service', 'hosted', short, 'web.named'])
    assert.deepEqual(addresses(await lookUp(name)), [address], name)
  assert.match((await lookUp(address)).out, /name = web\.named/)
  assert.match(await ok('exec', 'client', 'cat', '/etc/resolv.conf'), /^nameserver 127\.0\.0\.11\nsearch example\.org\noptions ndots:0$/)
})

test('several containers share an alias in turn, and one that stops leaves it', async () => {
  await ok('run', '-d', '--name', 'web2', '--network', 'named', '--network-alias', 'service', 'box', 'sleep', '1000')
  const both = [await addressOf('web'), await addressOf('web2')].toSorted()
  assert.deepEqual(addresses(await lookUp('service')), both)
  const program = `const {Resolver}=require('dns').promises;const r=new Resolver();r.setServers(['127.0.0.11']);(async()=>{const first=new Set();for(let i=0;i<4;i++)first.add((await r.resolve4('service'))[0]);console.log(first.size)})()`
  assert.equal(await inClient(program), '2\n')
  await ok('rm', '-f', 'web2')
  assert.deepEqual(addresses(await lookUp('service')), [await addressOf('web')])
})

test('a known name has no IPv6 address, which is no error', async () => {
  const { code, out } = await lookUp('web', '-type=aaaa')
  assert.equal(code, 0)
  assert.doesNotMatch(out, /NXDOMAIN|SERVFAIL|can't/)
})

test('other names are asked outside, long answers over TCP, search domains come after', async () => {
  assert.deepEqual(addresses(await lookUp('outside.example')), ['203.0.113.7'])
  assert.match((await lookUp('nobody.example')).out, /NXDOMAIN/)
  const program = `const {Resolver}=require('dns').promises;const r=new Resolver();r.setServers(['127.0.0.11']);r.resolve4('long.example').then((a)=>console.log(a.length))`
  assert.equal(await inClient(program), '60\n')
  const { out } = await instance.docker('exec', 'client', 'ping', '-c', '1', '-W', '1', 'web')
  assert.match(out, new RegExp(`PING web \\(${(await addressOf('web')).replaceAll('.', '\\.')}\\)`))
})

test('a name without dot is not asked outside where ndots says so', async () => {
  upstream.asked.length = 0
  await ok('run', '--rm', '--network', 'named', '--dns', gateway, '--dns-option', 'ndots:1', 'box', 'sh', '-c', 'nslookup lonely.; true')
  assert.deepEqual(
    upstream.asked.filter((name) => name === 'lonely'),
    [],
  )
  await lookUp('lonely')
  assert.ok(upstream.asked.includes('lonely'))
})

test('a container that is connected while it runs is found and finds', async () => {
  await ok('run', '-d', '--name', 'late', 'box', 'sleep', '1000')
  assert.equal((await lookUp('late')).code, 1)
  await ok('network', 'connect', '--alias', 'tardy', 'named', 'late')
  assert.deepEqual(addresses(await lookUp('tardy')), [await addressOf('late')])
  assert.match(await ok('exec', 'late', 'nslookup', 'web.'), new RegExp(await addressOf('web')))
  await ok('rename', 'late', 'later')
  assert.deepEqual(addresses(await lookUp('later')), [await addressOf('later')])
  await ok('network', 'disconnect', 'named', 'later')
  assert.equal((await lookUp('tardy')).code, 1)
  await ok('network', 'connect', 'named', 'later')
  assert.match(await ok('exec', 'later', 'nslookup', 'web.'), new RegExp(await addressOf('web')))
  await ok('rm', '-f', 'later')
})

test('a DNS server may run in a container', async () => {
  await ok('run', '-d', '--name', 'server', '--network', 'named', 'box', 'httpd', '-f', '-p', '0.0.0.0:53')
  await instance.until(
    () => ok('exec', 'server', 'cat', '/proc/net/tcp'),
    (table) => table.includes('00000000:0035'),
  )
  await ok('exec', 'server', 'nslookup', 'web.')
  await ok('rm', '-f', 'server')
})

test('an internal network answers its own names and asks nobody outside', async () => {
  await ok('network', 'create', '--internal', 'inside')
  await ok('run', '-d', '--name', 'hidden', '--network', 'inside', 'box', 'sleep', '1000')
  assert.match(await ok('exec', 'hidden', 'nslookup', 'hidden.'), new RegExp(await addressOf('hidden', 'inside')))
  upstream.asked.length = 0
  const { code } = await instance.docker('run', '--rm', '--network', 'inside', '--dns', gateway, 'box', 'nslookup', 'outside.example')
  assert.notEqual(code, 0)
  assert.deepEqual(upstream.asked, [])
  await ok('rm', '-f', 'hidden')
})

test('malformed questions harm nothing', async () => {
  const program = `const s=require('dgram').createSocket('udp4');let n=0;for(const m of [Buffer.alloc(0),Buffer.alloc(3),Buffer.alloc(12,255),Buffer.alloc(500,7)])s.send(m,53,'127.0.0.11',()=>++n===4&&s.close())`
  await inClient(program)
  assert.deepEqual(addresses(await lookUp('web')), [await addressOf('web')])
})

test('names are answered while the daemon is dead, and by a keeper that started anew', async () => {
  const pid = await ok('inspect', '-f', '{{.State.Pid}}', 'client')
  const address = await addressOf('web')
  const program = `const {Resolver}=require('dns').promises;const r=new Resolver({timeout:2000,tries:4});r.setServers(['127.0.0.11']);r.resolve4('web').then((a)=>console.log(a[0]),()=>0)`
  const inside = async (): Promise<string> => (await instance.command('nsenter', ['-t', pid, '-n', process.execPath, '-e', program])).out
  instance.killDaemon()
  assert.equal(await inside(), `${address}\n`)
  await instance.start()
  process.kill(instance.keeperPid(), 'SIGKILL')
  await instance.until(inside, (out) => out === `${address}\n`)
})
