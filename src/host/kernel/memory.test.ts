import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { promisify } from 'node:util'

test('memory is given back as far as that can be done without a free descriptor', async () => {
  const home = mkdtempSync(`${tmpdir()}/galley-memory-`)
  const text = `
    import { openSync } from 'node:fs'
    import { giveBackMemory } from '${new URL('./memory.ts', import.meta.url).href}'
    giveBackMemory()
    try { for (;;) openSync('/dev/null', 'r') } catch {}
    giveBackMemory()
    console.log('goes on')`
  writeFileSync(`${home}/program.ts`, text)
  try {
    const node = [process.execPath, '--disable-warning=ExperimentalWarning', `${home}/program.ts`]
    assert.equal((await promisify(execFile)('prlimit', ['--nofile=64:64', ...node])).stdout, 'goes on\n')
  } finally {
    rmSync(home, { recursive: true })
  }
})
