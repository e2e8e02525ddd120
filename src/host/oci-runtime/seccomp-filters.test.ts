import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { after, test } from 'node:test'
import { FakeClock } from '#base/fake-clock.ts'
import { SeccompFilters } from './seccomp-filters.ts'

const home = mkdtempSync(`${tmpdir()}/galley-filters-`)

after(() => rmSync(home, { recursive: true, force: true }))

const configuration = {
  annotations: { mine: 'kept' },
  linux: { seccomp: { defaultAction: 'SCMP_ACT_ERRNO', syscalls: [{ names: ['read'], action: 'SCMP_ACT_ALLOW' }] } },
}

interface Configuration {
  annotations: Record<string, string>
  hooks?: { poststart: { path: string; args: string[] }[] }
  linux: { seccomp: object }
}

/** A container's life as far as its filter goes: the runtime compiles it, runs the hook, and leaves nothing. */
function live(filters: SeccompFilters, id: string, compiled: string | Buffer): void {
  const state = `${home}/state/${id}`
  const { hooks } = filters.apply<Configuration>(configuration, state)
  mkdirSync(state, { recursive: true })
  writeFileSync(`${state}/seccomp.bpf`, compiled)
  for (const { path, args } of hooks?.poststart ?? []) spawnSync(path, args.slice(1))
  rmSync(state, { recursive: true })
}

test('a filter that a runtime compiled is handed to the next container with the same profile, and to no other', () => {
  const filters = new SeccompFilters(`${home}/kept`, new FakeClock())
  assert.equal(filters.apply(configuration, 'x').annotations, configuration.annotations)
  live(filters, 'first', 'instructions of eight bytes each')
  live(filters, 'second', 'not asked for')
  const applied = new SeccompFilters(`${home}/kept`, new FakeClock()).apply<Configuration>(configuration, 'x')
  assert.deepEqual(applied.annotations, {
    mine: 'kept',
    'run.oci.seccomp_bpf_data': Buffer.from('instructions of eight bytes each').toString('base64'),
  })
  assert.deepEqual(applied.linux.seccomp, { defaultAction: 'SCMP_ACT_ERRNO', syscalls: [] })
  assert.equal(applied.hooks, undefined)
  const other = { ...configuration, linux: { seccomp: { defaultAction: 'SCMP_ACT_ALLOW' } } }
  assert.equal(filters.apply(other, 'x').annotations, other.annotations)
  assert.equal(readdirSync(`${home}/kept`).length, 1)
})

test('what is not a filter is given to nobody', () => {
  for (const compiled of ['', 'cut off']) {
    const filters = new SeccompFilters(`${home}/wrong${compiled}`, new FakeClock())
    live(filters, 'first', compiled)
    assert.equal(filters.apply(configuration, 'x').annotations, configuration.annotations)
  }
})

test('without a profile nothing is filtered', () => {
  const unconfined = { annotations: {}, linux: { seccomp: undefined } }
  const filters = new SeccompFilters(`${home}/kept`, new FakeClock())
  assert.equal(filters.apply(unconfined, 'x'), unconfined)
})

test('a filter is shortened a second after it was kept, and given out so from then on', async () => {
  const clock = new FakeClock()
  const filters = new SeccompFilters(`${home}/shortened`, clock)
  // Eight numbers one after the other, of which two are refused.
  const row = (number: number): number[] => [0x15, 0, 1, number, 0x06, 0, 0, number > 5 ? 0x50001 : 0x7fff0000]
  const program = [
    0x20,
    0,
    0,
    4,
    0x15,
    1,
    0,
    0xc000003e,
    0x06,
    0,
    0,
    0,
    0x20,
    0,
    0,
    0,
    ...[0, 1, 2, 3, 4, 5, 6, 7].flatMap(row),
    0x06,
    0,
    0,
    0x50001,
  ]
  const filter = Buffer.alloc(program.length * 2)
  for (let at = 0; at < program.length; at += 4) {
    filter.writeUInt16LE(program[at] ?? 0, at * 2)
    filter.writeUInt8(program[at + 1] ?? 0, at * 2 + 2)
    filter.writeUInt8(program[at + 2] ?? 0, at * 2 + 3)
    filter.writeUInt32LE(program[at + 3] ?? 0, at * 2 + 4)
  }
  live(filters, 'long', filter)
  const given = (): Buffer => Buffer.from(filters.apply(configuration, 'x').annotations['run.oci.seccomp_bpf_data' as 'mine'], 'base64')
  assert.deepEqual(given(), filter)
  await clock.advance(1000)
  assert.ok(given().length < filter.length)
})

test('a filter that there is no room to shorten goes on being used as it is', async () => {
  const clock = new FakeClock()
  const kept = `${home}/full`
  const filters = new SeccompFilters(kept, clock)
  live(filters, 'third', 'instructions of eight bytes each')
  const [long = ''] = readdirSync(kept)
  // In the way of what is to be written, as a full disk is.
  mkdirSync(`${kept}/${long.replace('.compiled', '.bpf.arriving')}`)
  const data = (): string | undefined => filters.apply<Configuration>(configuration, 'x').annotations['run.oci.seccomp_bpf_data']
  assert.equal(data(), Buffer.from('instructions of eight bytes each').toString('base64'))
  await clock.advance(1000)
  assert.equal(data(), Buffer.from('instructions of eight bytes each').toString('base64'))
})
