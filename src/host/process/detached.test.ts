import assert from 'node:assert/strict'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { after, test } from 'node:test'
import { sleep, systemClock } from '#base/clock.ts'
import { reap } from '#host/kernel/orphans.ts'
import { spawnDetached } from './detached.ts'

const home = mkdtempSync(`${tmpdir()}/galley-detached-`)

after(() => rmSync(home, { recursive: true, force: true }))

/** What a shell says that is started so; `pid` is its process id. */
async function said(script: string, ...args: string[]): Promise<{ output: string; pid: number }> {
  const end = openSync(`${home}/output`, 'w')
  const environment = { PATH: '/usr/bin:/bin', WORD: 'grüße' }
  const pid = spawnDetached({ program: '/bin/sh', args: ['-c', script, 'sh', ...args], environment, stdio: ['ignore', end, end] })
  closeSync(end)
  while (!reap(pid)) await sleep(systemClock, 5)
  return { output: readFileSync(`${home}/output`, 'utf8'), pid }
}

test('a process gets its arguments and environment to the byte, and nothing else', async () => {
  const long = 'x'.repeat(100_000)
  const { output } = await said('printf "%s|" "$@" "$WORD" "$#"; env | grep -c .', '', 'a b', '"$x"\n', 'ä', long)
  // PWD is the shell's own.
  assert.equal(output, `|a b|"$x"\n|ä|${long}|grüße|5|3\n`)
})

test('it leads a session of its own, in the root directory, with nothing open but its streams and no signal ignored or blocked', async () => {
  const { output, pid } = await said(
    // The signals by the shell alone: around the start of another program it has all of them blocked for a moment.
    'IFS=; while read -r line; do case $line in SigBlk*|SigIgn*) echo "$line";; esac; done </proc/$$/status; ' +
      'pwd; cut -d" " -f 6 /proc/$$/stat; ls /proc/$$/fd; readlink /proc/$$/fd/0',
  )
  assert.deepEqual(output.trim().split('\n'), [
    `SigBlk:\t${'0'.repeat(16)}`,
    `SigIgn:\t${'0'.repeat(16)}`,
    '/',
    String(pid),
    '0',
    '1',
    '2',
    '/dev/null',
  ])
})

test('a program that is not there is told by name', () => {
  const start = (): number =>
    spawnDetached({ program: '/nonexistent/program', args: [], environment: {}, stdio: ['ignore', 'ignore', 'ignore'] })
  assert.throws(start, { code: 'ENOENT', message: /\/nonexistent\/program/ })
})
