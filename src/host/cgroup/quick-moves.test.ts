import assert from 'node:assert/strict'
import { readFileSync, readdirSync } from 'node:fs'
import { release } from 'node:os'
import { test } from 'node:test'
import { quickenMoves, staysQuick } from './quick-moves.ts'

const old = Number(release().split('.')[0]) < 6

test('a kernel stays quick from 6.18 on', () => {
  assert.deepEqual(['5.15.0-91-generic', '6.0.1', '6.17.9', '6.18.44-fc-v595', '6.20.0', '7.0.0'].map(staysQuick), [
    false,
    false,
    false,
    true,
    true,
    true,
  ])
})

test('nothing is mounted or left open by asking the kernel for quick moves', { skip: old && 'needs Linux 6.0' }, () => {
  const [mounts, open] = [readFileSync('/proc/self/mounts', 'utf8'), readdirSync('/proc/self/fd').length]
  {
    using _quick = quickenMoves()
    assert.equal(readFileSync('/proc/self/mounts', 'utf8'), mounts)
  }
  assert.equal(readdirSync('/proc/self/fd').length, open)
})
