import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { CLONE, unshare } from '#host/kernel/namespace.ts'
import { createBridge, linkIndex } from '#host/link/link.ts'
import { RouteSocket } from '#host/link/route-socket.ts'
import { forwardIPv6, giveIPv6, hasIPv6, setIPv6 } from './ipv6.ts'

// Settings of a network of this thread's own.
unshare(CLONE.NEWNET)
const skip = hasIPv6() ? false : 'the kernel has no IPv6'

function make(name: string): void {
  using socket = new RouteSocket()
  createBridge(socket, { name, mac: '02:42:00:00:00:01' })
  assert.ok(linkIndex(name))
}

function setting(name: string, key: string): string {
  return readFileSync(`/proc/sys/net/ipv6/conf/${name}/${key}`, 'utf8').trim()
}

test('a host that begins to forward goes on believing its routers, on the interfaces that it has', { skip }, () => {
  make('before')
  forwardIPv6()
  make('later')
  assert.deepEqual(
    ['before', 'later', 'default'].map((name) => setting(name, 'accept_ra')),
    ['2', '1', '1'],
  )
  assert.equal(setting('all', 'forwarding'), '1')
})

test('an interface that goes away meanwhile does not keep the host from forwarding', () => {
  const home = mkdtempSync(`${tmpdir()}/galley-ipv6-`)
  try {
    for (const name of ['all', 'gone', 'stays']) mkdirSync(`${home}/${name}`)
    writeFileSync(`${home}/all/forwarding`, '0\n')
    writeFileSync(`${home}/stays/accept_ra`, '1\n')
    forwardIPv6(home)
    assert.deepEqual([readFileSync(`${home}/all/forwarding`, 'utf8'), readFileSync(`${home}/stays/accept_ra`, 'utf8')], ['1', '2'])
  } finally {
    rmSync(home, { recursive: true })
  }
})

test('interfaces have IPv6 when they are given it, and then believe nobody', { skip }, () => {
  setIPv6('default', false)
  make('without')
  make('with')
  giveIPv6('with')
  assert.deepEqual([setting('without', 'disable_ipv6'), setting('with', 'disable_ipv6')], ['1', '0'])
  assert.deepEqual([setting('with', 'accept_ra'), setting('with', 'accept_dad')], ['0', '0'])
})
