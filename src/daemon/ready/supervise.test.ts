import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'

/** Whether a process waits for something; one that asks again and again is running, or about to, whenever it is looked at (proc(5)). */
function sleeps(pid: number): boolean {
  return /^State:\s+S/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
}

test('a caller for whom there is no descriptor waits, and is not asked for again and again meanwhile', async () => {
  const directory = mkdtempSync(`${tmpdir()}/galley-supervise-`)
  const program = `${directory}/program.ts`
  const at = (path: string): string => new URL(path, import.meta.url).href
  const text = `
    import { openSync } from 'node:fs'
    import { listenAlone } from '${at('../../host/process/door.ts')}'
    import { supervise } from '${at('./supervise.ts')}'
    const listener = listenAlone('${directory}/door')
    process.stdout.write('ready\\n', () => {
      try { for (;;) openSync('/dev/null', 'r') } catch {}
      supervise({ listener, life: 0, isCurrent: () => true })
      process.exit(0)
    })`
  writeFileSync(program, text)
  const node = [process.execPath, '--disable-warning=ExperimentalWarning', program]
  const child = spawn('prlimit', ['--nofile=64:64', ...node], { stdio: ['pipe', 'pipe', 'inherit'] })
  try {
    await once(child.stdout, 'data')
    const caller = connect(`${directory}/door`)
    caller.on('error', () => undefined)
    await once(caller, 'connect')
    // On a busy machine, what is awake for a moment may wait for its turn at most looks.
    let asleep = 0
    for (let round = 0; round < 100 && asleep <= 25; round++) {
      asleep = 0
      for (let look = 0; look < 50; look++) {
        await setTimeout(10)
        if (sleeps(child.pid ?? 0)) asleep++
      }
    }
    assert.ok(asleep > 25, `asleep at ${asleep} of 50 looks`)
    caller.destroy()
    child.stdin.end()
    const [code] = await once(child, 'exit')
    assert.equal(code, 0)
  } finally {
    child.kill('SIGKILL')
    rmSync(directory, { recursive: true })
  }
})
