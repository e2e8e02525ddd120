import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { promisify } from 'node:util'

test('layers that could not be brought to the disk, for want of a descriptor, are when there is one', async () => {
  const home = mkdtempSync(`${tmpdir()}/galley-store-`)
  const at = (path: string): string => new URL(path, import.meta.url).href
  const text = `
    import { closeSync, openSync } from 'node:fs'
    import { LayerStore } from '${at('./store.ts')}'
    import { run } from '${at('../../host/process/run.ts')}'
    const store = new LayerStore('${home}/layers')
    await run('true', [])
    const held = []
    try { for (;;) held.push(openSync('/dev/null', 'r')) } catch {}
    const failure = await store.sync().catch((error) => error.message)
    held.forEach(closeSync)
    console.log(failure)
    await store.sync()
    console.log('synced')`
  writeFileSync(`${home}/program.ts`, text)
  try {
    const node = [process.execPath, '--disable-warning=ExperimentalWarning', `${home}/program.ts`]
    const { stdout } = await promisify(execFile)('prlimit', ['--nofile=64:64', ...node])
    assert.equal(stdout, "can't start sync: spawn sync EMFILE\nsynced\n")
  } finally {
    rmSync(home, { recursive: true })
  }
})
