import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ioWeightOf, weightOf } from './limits.ts'
import { parseBlockCounts, parseIoStat } from './stats.ts'
import { parseCgroupTree } from './tree.ts'

const first = 'cgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,cpu,cpuacct 0 0\ncgroup /sys/fs/cgroup/memory cgroup rw,memory 0 0\n'
const second = 'cgroup2 /sys/fs/cgroup cgroup2 rw,nosuid 0 0\n'
const none = (): string[] => []

test('version 1 has a tree a controller, some of them together', () => {
  const tree = parseCgroupTree(first, none)
  assert.equal(tree.version, 1)
  assert.equal(tree.directory('memory', '/g/x'), '/sys/fs/cgroup/memory/g/x')
  assert.equal(tree.directory('cpuacct', '/g'), '/sys/fs/cgroup/cpu,cpuacct/g')
  assert.equal(tree.directory('pids', '/g'), undefined)
  assert.deepEqual(tree.directories('/g'), ['/sys/fs/cgroup/cpu,cpuacct/g', '/sys/fs/cgroup/memory/g'])
})

test('a second version’s tree beside the first one’s controllers is not used', () => {
  assert.equal(parseCgroupTree(`${first}cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n`, () => ['memory']).version, 1)
})

test('version 2 has one tree for the controllers that its root offers', () => {
  const tree = parseCgroupTree(second, () => ['memory', 'pids'])
  assert.equal(tree.version, 2)
  assert.equal(tree.directory('memory', '/g'), '/sys/fs/cgroup/g')
  assert.equal(tree.directory('cpu', '/g'), undefined)
  assert.deepEqual(tree.directories('/g'), ['/sys/fs/cgroup/g'])
})

test('block devices are counted alike in both versions', () => {
  const expected = [
    { major: 8, minor: 16, access: 'read', value: 4096 },
    { major: 8, minor: 16, access: 'write', value: 0 },
  ]
  assert.deepEqual(parseBlockCounts('8:16 Read 4096\n8:16 Write 0\nTotal 4096'), expected)
  assert.deepEqual(parseIoStat('8:16 rbytes=4096 wbytes=0 rios=1', { rbytes: 'read', wbytes: 'write' }), expected)
})

test('shares become weights from the least to the most', () => {
  assert.deepEqual([2, 1024, 262_144].map(weightOf), [1, 39, 10_000])
})

test('weights of block devices become version 2’s, from the least to the most', () => {
  assert.deepEqual([10, 300, 1000].map(ioWeightOf), [1, 2930, 10_000])
})
