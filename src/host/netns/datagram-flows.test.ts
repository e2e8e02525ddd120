import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { home } from '#base/home.ts'

/** A client and a server on loopback in a namespace that follows datagrams; tells how many flows are left after each call. */
const program = `
import { createSocket } from 'node:dgram'
import { readFileSync } from 'node:fs'
import { once } from 'node:events'
import { forgetDatagramFlows } from '#host/netns/datagram-flows.ts'
const left = () => readFileSync('/proc/net/nf_conntrack', 'utf8').split('\\n').filter((line) => line.includes('dport=7000')).length
const told = []
for (const [kind, here, every] of [['udp4', '127.0.0.1', '0.0.0.0'], ['udp6', '::1', '::']]) {
  const [server, client] = [createSocket(kind), createSocket(kind)]
  server.on('message', (_, from) => server.send('back', from.port, from.address))
  server.bind(7000, here)
  await once(server, 'listening')
  const asked = async () => {
    client.send('there', 7000, here)
    await once(client, 'message')
    return left()
  }
  told.push(await asked())
  await forgetDatagramFlows([{ port: { address: every, port: 7001 }, keeps: undefined }])
  told.push(left())
  await forgetDatagramFlows([{ port: { address: every, port: 7000 }, keeps: { address: here, port: 7000 } }])
  told.push(left())
  await forgetDatagramFlows([{ port: { address: every, port: 7000 }, keeps: { address: here, port: 7001 } }])
  told.push(left(), await asked())
  await forgetDatagramFlows([{ port: { address: here, port: 7000 }, keeps: undefined }])
  told.push(left())
  server.close()
  client.close()
}
console.log(JSON.stringify(told))
`

const follow = ['ip', 'ip6']
  .map(
    (family) =>
      `add table ${family} t; add chain ${family} t o { type filter hook output priority 0; }; add rule ${family} t o ct state new counter;`,
  )
  .join(' ')

test('flows to a port of this host are forgotten, in both families, but for those that the right one answers', () => {
  const node = `"${process.execPath}" --disable-warning=ExperimentalWarning --input-type=module-typescript -`
  const { stdout, stderr } = spawnSync('unshare', ['-n', 'sh', '-c', `ip link set lo up && nft '${follow}' && exec ${node}`], {
    cwd: home.pathname,
    input: program,
    encoding: 'utf8',
  })
  assert.equal(stdout, '[1,1,1,0,1,0,1,1,1,0,1,0]\n', stderr)
})

/** Asks for several ports at once; tells how often the thread came to other things meanwhile. */
const besides = `
import { forgetDatagramFlows } from '#host/netns/datagram-flows.ts'
let turns = 0
const other = () => (turns++, timer = setImmediate(other))
let timer = setImmediate(other)
await Promise.all([1, 2, 3].map((number) => forgetDatagramFlows([{ port: { address: '::', port: 7000 + number }, keeps: undefined }])))
clearImmediate(timer)
console.log(turns > 0)
`

test('the thread does other things while the kernel looks for flows', () => {
  const node = `"${process.execPath}" --disable-warning=ExperimentalWarning --input-type=module-typescript -`
  const { stdout, stderr } = spawnSync('unshare', ['-n', 'sh', '-c', `exec ${node}`], {
    cwd: home.pathname,
    input: besides,
    encoding: 'utf8',
  })
  assert.equal(stdout, 'true\n', stderr)
})
