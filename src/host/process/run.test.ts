import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { promisify } from 'node:util'

test('a program that can not be started for want of a descriptor is told as that, and ends nobody; later it can', async () => {
  const directory = mkdtempSync(`${tmpdir()}/galley-run-`)
  const at = (path: string): string => new URL(path, import.meta.url).href
  const program = `${directory}/program.ts`
  // A rejection that nobody handles ends it with another code, and without the last line.
  const text = `
    import { closeSync, openSync } from 'node:fs'
    import { Readable } from 'node:stream'
    import { filter } from '${at('./filter.ts')}'
    import { run } from '${at('./run.ts')}'
    const held = []
    const tell = (error) => console.log(error.code, error.message)
    await run('true', [])
    try { for (;;) held.push(openSync('/dev/null', 'r')) } catch {}
    await run('true', []).catch(tell)
    try { for await (const _ of filter('cat', [], Readable.from(['x']), 'coreutils')); } catch (error) { tell(error) }
    await new Promise((resolve) => setTimeout(resolve, 50))
    held.forEach(closeSync)
    console.log((await run('echo', ['again'])).stdout)`
  writeFileSync(program, text)
  try {
    const { stdout } = await promisify(execFile)('prlimit', [
      '--nofile=64:64',
      process.execPath,
      '--disable-warning=ExperimentalWarning',
      program,
    ])
    const lines = [
      "process.not-started can't start true: spawn true EMFILE",
      "process.not-started can't start cat: spawn cat EMFILE",
      'again',
    ]
    assert.deepEqual(stdout.trim().split('\n'), lines)
  } finally {
    rmSync(directory, { recursive: true })
  }
})
