import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { after, afterEach, beforeEach } from 'node:test'
import type { Clock } from '#base/clock.ts'
import { FakeClock } from '#base/fake-clock.ts'
import { jsonLog, type Log } from '#base/log.ts'
import { linkIndex, setUp } from '#host/link/link.ts'
import { RouteSocket } from '#host/link/route-socket.ts'
import { CLONE, unshare } from '#host/kernel/namespace.ts'
import { run } from '#host/process/run.ts'
import { openMemoryStore } from '#store/memory/open.ts'
import type { Store } from '#store/store.ts'
import { dismantle } from './dismantle.ts'
import type { NetworkKeeper } from './model.ts'
import { Networks } from './networks.ts'

/** What tests of networks have around them; each gets networks without anything on them. */

// This thread, and what it spawns, lives in a network of its own: bridges and rules never touch the host's.
unshare(CLONE.NEWNET)
{
  using socket = new RouteSocket()
  setUp(socket, 'lo')
}

export const quiet = jsonLog(
  () => undefined,
  () => 0,
)
export let directory: string
export let store: Store
/** Those of the test that runs. */
export let networks: Networks

function open(clock: Clock = new FakeClock(), log = quiet, keeper?: NetworkKeeper): Networks {
  return new Networks({ store, runDirectory: directory, instance: 'test', pool: '172.30.0.0/20', clock, log, ...(keeper && { keeper }) })
}

/** The daemon starts again. */
export async function restart(clock?: Clock, log?: Log, keeper?: NetworkKeeper): Promise<void> {
  networks = open(clock, log, keeper)
  await networks.start()
}

export function namespace(container: string): string {
  return `${directory}/netns/${container}`
}

/** Under load, a bridge needs a moment for a new port, and drops what comes before: what can be reached answers one of so many `tries`. */
export async function ping(container: string, address: string, tries = 30): Promise<boolean> {
  const { code } = await run('nsenter', [`--net=${namespace(container)}`, 'busybox', 'ping', '-c', '1', '-W', '1', address])
  return code === 0 || (tries > 1 && (await ping(container, address, tries - 1)))
}

/** A server inside a container's namespace that answers with its peer's address. */
export async function serve(container: string, port: number, host = '0.0.0.0'): Promise<AsyncDisposable> {
  const program = `require('net').createServer((s) => s.end(s.remoteAddress)).listen(${port}, '${host}', () => console.log('up'))`
  const child = spawn('nsenter', [`--net=${namespace(container)}`, process.execPath, '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(child.stdout, 'data')
  return {
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await once(child, 'close')
    },
  }
}

/** What a server says, asked from this namespace or from a container's; an empty text when it can't be reached within `patience` milliseconds. */
export async function ask(host: string, port: number, from?: string, patience = 60_000): Promise<string> {
  if (from !== undefined) {
    const program = `const s=require('net').connect(${port},'${host}');s.on('data',(d)=>process.stdout.write(d));s.on('error',()=>0);setTimeout(()=>s.destroy(),${patience}).unref();s.on('end',()=>process.exit())`
    return (await run('nsenter', [`--net=${namespace(from)}`, process.execPath, '-e', program])).stdout
  }
  const socket = connect({ host, port })
  const timer = setTimeout(() => socket.destroy(), patience)
  let text = ''
  socket.on('data', (data) => (text += data))
  socket.on('error', () => undefined)
  await new Promise((resolve) => socket.on('close', resolve))
  clearTimeout(timer)
  return text
}

export async function isSilent(host: string, port: number, from?: string): Promise<boolean> {
  return (await ask(host, port, from, 300)) === ''
}

/** Interfaces and addresses of IPv6 that a container's namespace has. */
export async function ipv6Of(container: string): Promise<string[]> {
  const { stdout } = await run('nsenter', [`--net=${namespace(container)}`, 'ip', '-6', '-o', 'address'])
  return stdout
    .trim()
    .split('\n')
    .map((line) => line.split(/\s+/))
    .map(([, name = '', , address = '']) => `${name} ${address}`)
}

/** Another machine, beyond this namespace's own addresses, that knows the way to every container. */
export async function connectOutside(): Promise<void> {
  const path = await networks.createSandbox('outside')
  const there = ['nsenter', `--net=${path}`]
  for (const line of [
    `ip link add outside type veth peer name eth0 netns ${path}`,
    'ip address add 198.51.100.1/24 dev outside',
    'ip address add fd00:77::1/64 dev outside nodad',
    'ip link set outside up',
    `${there.join(' ')} sysctl -qw net.ipv6.conf.eth0.disable_ipv6=0`,
    `${there.join(' ')} ip address add 198.51.100.2/24 dev eth0`,
    `${there.join(' ')} ip address add fd00:77::2/64 dev eth0 nodad`,
    `${there.join(' ')} ip link set eth0 up`,
    `${there.join(' ')} ip route add default via 198.51.100.1`,
    `${there.join(' ')} ip route add default via fd00:77::1`,
  ]) {
    const [program = '', ...args] = line.split(' ')
    const { code, stderr } = await run(program, args)
    assert.equal(code, 0, `${line}: ${stderr}`)
  }
}

/** What Docker and Kubernetes switch on; does nothing on a host without br_netfilter. */
export function filterBridged(value: '0' | '1'): void {
  const path = '/proc/sys/net/bridge/bridge-nf-call-iptables'
  if (existsSync(path)) writeFileSync(path, value)
}

export async function join(container: string, ...names: string[]): Promise<string[]> {
  await networks.createSandbox(container)
  const addresses: string[] = []
  for (const name of names) addresses.push((await networks.connect(container, name, {})).ipAddress)
  return addresses
}

beforeEach(async () => {
  directory = mkdtempSync(`${tmpdir()}/galley-networks-`)
  mkdirSync(`${directory}/netns`)
  store = openMemoryStore()
  networks = open()
  await networks.start()
})

afterEach(async () => {
  const bridges = networks.list().map(({ bridge }) => bridge)
  for (const container of readdirSync(`${directory}/netns`)) await networks.destroySandbox(container)
  networks[Symbol.dispose]()
  await dismantle('test')
  assert.deepEqual(readdirSync(`${directory}/netns`), [])
  assert.deepEqual(
    bridges.filter((bridge) => bridge !== '' && linkIndex(bridge) !== undefined),
    [],
  )
  assert.equal((await run('nft', ['list', 'tables'])).stdout, '')
  rmSync(directory, { recursive: true })
})

after(async () => {
  await store[Symbol.asyncDispose]()
})
