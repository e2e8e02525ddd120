import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CLONE, unshare } from '#host/kernel/namespace.ts'
import { run } from '#host/process/run.ts'
import { forgetPassage, passFirewalls } from './pass-firewalls.ts'

// Firewalls of a network of this thread's own, and of what it spawns.
unshare(CLONE.NEWNET)

async function iptables(tool: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await run(tool, args)
  assert.equal(code, 0, stderr)
  return stdout
}

for (const tool of ['iptables-nft', 'iptables-legacy', 'ip6tables-nft', 'ip6tables-legacy']) {
  const found = await run(tool, ['--version']).catch(() => undefined)
  const skip = found === undefined ? `${tool} is not installed` : false
  test(`a ${tool} FORWARD chain that drops gets marked rules once, behind others' rules, and loses them again`, { skip }, async () => {
    await iptables(tool, '-P', 'FORWARD', 'DROP')
    await iptables(tool, '-A', 'FORWARD', '-i', 'docker0', '-j', 'ACCEPT')
    const before = await iptables(tool, '-S')
    assert.deepEqual(await passFirewalls('test', ['gytest+']), [])
    await passFirewalls('test', ['gytest+'])
    await passFirewalls('other', ['gyothe+'])
    const marked = (await iptables(tool, '-S', 'FORWARD')).split('\n').filter((line) => /galley:test\b/.test(line))
    assert.deepEqual(
      marked.map((line) => line.replaceAll('"', '')),
      [
        '-A FORWARD -i gytest+ -m comment --comment galley:test -j ACCEPT',
        '-A FORWARD -o gytest+ -m comment --comment galley:test -j ACCEPT',
      ],
    )
    await forgetPassage('other')
    await forgetPassage('test')
    assert.equal(await iptables(tool, '-S'), before)
    await iptables(tool, '-F')
    await iptables(tool, '-P', 'FORWARD', 'ACCEPT')
  })

  test(`where ufw runs on ${tool}, the rules go where it wants those of users`, { skip }, async () => {
    await iptables(tool, '-P', 'FORWARD', 'DROP')
    const users = tool.startsWith('ip6') ? 'ufw6-user-forward' : 'ufw-user-forward'
    await iptables(tool, '-N', users)
    await passFirewalls('test', ['gytest+'])
    assert.match(await iptables(tool, '-S', users), /galley:test/)
    await forgetPassage('test')
    assert.doesNotMatch(await iptables(tool, '-S'), /galley/)
    await iptables(tool, '-X')
    await iptables(tool, '-P', 'FORWARD', 'ACCEPT')
  })
}

test('a chain of nftables that drops is named, and one that accepts is no matter', async () => {
  const [open, closed] = ['accept', 'drop'].map(
    (policy) => `table inet ${policy}s { chain forward { type filter hook forward priority 0; policy ${policy}; }; }`,
  )
  await run('nft', ['-f', '-'], { input: `${open}\n` })
  assert.deepEqual(await passFirewalls('test', ['gytest+']), [])
  await run('nft', ['-f', '-'], { input: `${closed}\n` })
  assert.deepEqual(await passFirewalls('test', ['gytest+']), [{ tool: undefined, chain: 'inet drops forward' }])
})
