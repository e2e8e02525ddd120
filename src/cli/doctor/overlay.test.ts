import assert from 'node:assert/strict'
import { test } from 'node:test'
import { overlay } from './overlay.ts'

test('overlayfs is there once it was used, and also as a module that nothing has needed yet', () => {
  const [used, unused] = ['nodev\ttmpfs\n\text4\nnodev\toverlay\n', 'nodev\ttmpfs\n\text4\n']
  const modules = (ending: string): string => `kernel/fs/ext4/ext4.ko${ending}:\nkernel/fs/overlayfs/overlay.ko${ending}:\n`
  assert.equal(overlay(used, '').level, 'ok')
  for (const ending of ['', '.xz', '.zst']) assert.equal(overlay(unused, modules(ending)).level, 'ok')
  assert.equal(overlay(unused, 'kernel/fs/ext4/ext4.ko:\n').level, 'failure')
})
