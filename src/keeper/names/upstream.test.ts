import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { HostServers } from './upstream.ts'

test("the host's servers are those of its file as it is now, of both families, but for those on one link", () => {
  const directory = mkdtempSync(`${tmpdir()}/galley-resolv-`)
  const path = `${directory}/resolv.conf`
  const servers = new HostServers(path)
  assert.deepEqual(servers.list(), [])
  writeFileSync(path, '# nameserver 10.9.9.9\nnameserver 10.0.0.1\nnameserver FD00:0::1\nnameserver fe80::1%eth0\nnameserver odd\n')
  utimesSync(path, 1, 1)
  assert.deepEqual(servers.list(), ['10.0.0.1', 'fd00::1'])
  writeFileSync(path, 'nameserver 10.0.0.2\n')
  utimesSync(path, 2, 2)
  assert.deepEqual(servers.list(), ['10.0.0.2'])
  rmSync(directory, { recursive: true })
})
