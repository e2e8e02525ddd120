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

/** Kilobytes of a process's own program that are mapped. */
function programPages(pid: number): number {
  const mappings = readFileSync(`/proc/${pid}/smaps`, 'utf8').split(/^(?=[\da-f]+-[\da-f]+ )/m)
  const ofProgram = mappings.filter((text) => (text.split('\n')[0] ?? '').endsWith(process.execPath))
  return ofProgram.reduce((sum, text) => sum + Number(/^Rss: +(\d+) kB$/m.exec(text)?.[1]), 0)
}

test('what a call needed of the program is let go of when no other one follows', async () => {
  const directory = mkdtempSync(`${tmpdir()}/galley-supervise-`)
  const at = (path: string): string => new URL(path, import.meta.url).href
  writeFileSync(
    `${directory}/program.ts`,
    `
    import { listenAlone } from '${at('../../host/process/door.ts')}'
    import { endAtOnce } from '${at('../../host/process/fork.ts')}'
    import { supervise } from '${at('./supervise.ts')}'
    const listener = listenAlone('${directory}/door')
    process.stdout.write('ready\\n', () => endAtOnce(supervise({ listener, life: 0, isCurrent: () => true }) === undefined ? 0 : 1))`,
  )
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', `${directory}/program.ts`], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  try {
    await once(child.stdout, 'data')
    const pid = child.pid ?? 0
    while (!sleeps(pid)) await setTimeout(10)
    const before = programPages(pid)
    const caller = connect(`${directory}/door`)
    // How the copy ended.
    await once(caller, 'data')
    caller.destroy()
    while (programPages(pid) > before / 2) await setTimeout(100)
    child.stdin.end()
    assert.deepEqual(await once(child, 'exit'), [0, null])
  } finally {
    child.kill('SIGKILL')
    rmSync(directory, { recursive: true })
  }
})
