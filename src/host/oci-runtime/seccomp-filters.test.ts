import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { after, test } from 'node:test'
import { SeccompFilters } from './seccomp-filters.ts'

const home = mkdtempSync(`${tmpdir()}/galley-filters-`)

after(() => rmSync(home, { recursive: true, force: true }))

const configuration = {
  annotations: { mine: 'kept' },
  linux: { seccomp: { defaultAction: 'SCMP_ACT_ERRNO', syscalls: [{ names: ['read'], action: 'SCMP_ACT_ALLOW' }] } },
}

test('a filter that a runtime compiled is handed to the next container with the same profile, and to no other', () => {
  writeFileSync(`${home}/seccomp.bpf`, 'instructions')
  const filters = new SeccompFilters(`${home}/kept`)
  assert.equal(filters.apply(configuration), configuration)
  filters.keep(configuration, `${home}/nothing-here`)
  assert.equal(filters.apply(configuration), configuration)
  filters.keep(configuration, `${home}/seccomp.bpf`)
  const applied = new SeccompFilters(`${home}/kept`).apply(configuration)
  assert.deepEqual(applied.annotations, {
    mine: 'kept',
    'run.oci.seccomp_bpf_data': Buffer.from('instructions').toString('base64'),
  })
  assert.deepEqual(applied.linux.seccomp, { defaultAction: 'SCMP_ACT_ERRNO', syscalls: [] })
  const other = { ...configuration, linux: { seccomp: { defaultAction: 'SCMP_ACT_ALLOW' } } }
  assert.equal(filters.apply(other), other)
})

test('without a profile nothing is filtered', () => {
  const unconfined = { annotations: {}, linux: { seccomp: undefined } }
  const filters = new SeccompFilters(`${home}/kept`)
  filters.keep(unconfined, `${home}/seccomp.bpf`)
  assert.equal(filters.apply(unconfined), unconfined)
})
