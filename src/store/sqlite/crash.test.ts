import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { openSqliteStore } from './open.ts'

const folder = mkdtempSync(join(tmpdir(), 'galley-crash-'))
after(() => rmSync(folder, { recursive: true }))
const writer = join(import.meta.dirname, 'crash-writer.ts')

test('sqlite: every acknowledged write survives kill -9 at any moment', async () => {
  const path = join(folder, 'state.db')
  for (let round = 0; round < 8; round++) {
    const killAfter = Math.ceil(Math.random() * 400)
    const acknowledged = await writeUntilKilled(path, round, killAfter)
    await using store = openSqliteStore(path)
    const { revision, entries } = await store.list('')
    const kept = new Map(entries.map((entry) => [entry.key, entry]))
    for (const key of acknowledged) assert.ok(kept.has(key), `round ${round}: ${key} is lost (killed after ${killAfter} writes)`)
    assert.deepEqual(await store.list('', revision), { revision, entries }, 'the log tells the same as the state')
    for (let lane = 0; lane < 4; lane++) assertWhole(kept, lane)
  }
})

/** The two writes of a transaction are both there or both not: the key that `last` names has its revision. */
function assertWhole(kept: ReadonlyMap<string, { readonly value: string; readonly modified: number }>, lane: number): void {
  const last = kept.get(`last/${lane}`)
  if (last === undefined) return
  assert.equal(kept.get(JSON.parse(last.value) as string)?.modified, last.modified)
}

/** Keys that the writer printed; it is killed as soon as `count` of them are seen, while it goes on writing. */
async function writeUntilKilled(path: string, round: number, count: number): Promise<string[]> {
  const command = ['--disable-warning=ExperimentalWarning', writer, path, String(round)]
  const child = spawn(process.execPath, command, { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(child, 'close')
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
    if (text.split('\n').length > count) child.kill('SIGKILL')
  })
  const [, signal] = (await ended) as [number | null, string | null]
  assert.equal(signal, 'SIGKILL', 'the writer ended by itself')
  // The last line may be cut: only whole ones were acknowledged.
  return text.split('\n').slice(0, -1)
}
