import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aptStatusReader, readBootstrapLine, type Count } from './progress.ts'

test("apt's status becomes phases, each told once without a count, and counts", () => {
  const told: [string, Count | undefined][] = []
  const read = aptStatusReader((phase, count) => told.push([phase, count]))
  read('dlstatus:1:2.5:Retrieving file 1 of 45 (9s remaining)')
  read('dlstatus:1:5.0:Retrieving file 2 of 45 (8s remaining)')
  read('pmstatus:libc6:33.3333:Installing libc6 (amd64)')
  read('something else')
  assert.deepEqual(told, [
    ['Downloading packages', undefined],
    ['Downloading packages', { current: 1, total: 45, units: 'packages' }],
    ['Downloading packages', { current: 2, total: 45, units: 'packages' }],
    ['Installing packages', undefined],
    ['Installing packages', { current: 33, total: 100, units: '%' }],
  ])
})

test("mmdebstrap's own words become phases, others are left out", () => {
  const told: string[] = []
  for (const line of ['I: using /tmp/x as tempdir', 'I: downloading packages with apt...', 'W: something'])
    readBootstrapLine(line, (phase) => told.push(phase))
  assert.deepEqual(told, ['Downloading packages'])
})
