import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'

/** Processor time that a process has taken, in ticks of 10 ms (proc(5)). */
function ticksOf(pid: number): number {
  const [, fields = ''] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')
  const [user = 0, system = 0] = fields.split(' ').slice(11, 13).map(Number)
  return user + system
}

test('a caller for whom there is no descriptor waits, and keeps no processor busy meanwhile', async () => {
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
    await setTimeout(500)
    const caller = connect(`${directory}/door`)
    caller.on('error', () => undefined)
    await once(caller, 'connect')
    const before = ticksOf(child.pid ?? 0)
    await setTimeout(2000)
    const taken = ticksOf(child.pid ?? 0) - before
    assert.ok(taken < 15, `${taken} ticks of a second's hundred in two seconds`)
    caller.destroy()
    child.stdin.end()
    const [code] = await once(child, 'exit')
    assert.equal(code, 0)
  } finally {
    child.kill('SIGKILL')
    rmSync(directory, { recursive: true })
  }
})
