import assert from 'node:assert/strict'
import { test } from 'node:test'
import { statsRow } from './stats-row.ts'

const idle = { cpu_usage: { total_usage: 0 } }

test('a busy container is told of as docker stats does it', () => {
  const row = statsRow({
    id: 'a'.repeat(64),
    name: '/shop-web-1',
    pids_stats: { current: 3 },
    cpu_stats: { cpu_usage: { total_usage: 3e9 }, system_cpu_usage: 14e9, online_cpus: 2 },
    precpu_stats: { cpu_usage: { total_usage: 2e9 }, system_cpu_usage: 12e9 },
    memory_stats: { usage: 5 * 1024 * 1024, limit: 64 * 1024 * 1024, stats: { total_inactive_file: 1024 * 1024 } },
    networks: { eth0: { rx_bytes: 1234, tx_bytes: 0 }, eth1: { rx_bytes: 1, tx_bytes: 5_000_000 } },
    blkio_stats: { io_service_bytes_recursive: [{ op: 'Read', value: 4096 }] },
  })
  assert.deepEqual(
    [row.Name, row.CPUPerc, row.MemUsage, row.MemPerc, row.NetIO, row.BlockIO, row.PIDs],
    ['shop-web-1', '100.00%', '4MiB / 64MiB', '6.25%', '1.24kB / 5MB', '4.1kB / 0B', '3'],
  )
})

test('one that does not run uses nothing', () => {
  const row = statsRow({
    id: 'b',
    name: '/db',
    pids_stats: {},
    cpu_stats: idle,
    precpu_stats: idle,
    memory_stats: {},
    blkio_stats: { io_service_bytes_recursive: null },
  })
  assert.deepEqual([row.CPUPerc, row.MemUsage, row.MemPerc, row.NetIO, row.PIDs], ['0.00%', '0B / 0B', '0.00%', '0B / 0B', '0'])
})
