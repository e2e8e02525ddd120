import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { FakeClock } from '#base/fake-clock.ts'
import { jsonLog } from '#base/log.ts'
import { KeptContexts } from './kept-contexts.ts'

function fresh(): { readonly directory: string; readonly kept: KeptContexts; readonly lines: string[] } & Disposable {
  const directory = mkdtempSync(`${tmpdir()}/galley-contexts-`)
  const lines: string[] = []
  const kept = new KeptContexts(
    directory,
    new FakeClock(),
    jsonLog(
      (line) => lines.push(line),
      () => 0,
    ),
  )
  return { directory, kept, lines, [Symbol.dispose]: () => rmSync(directory, { recursive: true }) }
}

test('what keeps old contexts from being deleted is told in the log, and harms no build', async () => {
  using one = fresh()
  symlinkSync('/nowhere', `${one.directory}/odd`)
  one.kept.take('key')[Symbol.dispose]()
  while (one.lines.length === 0) await setImmediate()
  assert.match(one.lines.join(), /contexts that nobody uses any more cannot be deleted/)
  one.kept.take('key')[Symbol.dispose]()
  await setImmediate()
})

test('contexts that could not be deleted are not taken for ever', async () => {
  using one = fresh()
  const ids = ['a', 'b']
  for (const id of ids) mkdirSync(`${one.directory}/${id}/tree`, { recursive: true })
  assert.equal(spawnSync('mount', ['-t', 'tmpfs', 'none', `${one.directory}/a/tree`]).status, 0)
  try {
    await assert.rejects(one.kept.prune(new Set(ids)), { code: 'EBUSY' })
  } finally {
    spawnSync('umount', [`${one.directory}/a/tree`])
  }
  assert.deepEqual((await one.kept.prune(new Set(ids))).toSorted(), ids)
  assert.deepEqual(one.kept.list(), [])
})
