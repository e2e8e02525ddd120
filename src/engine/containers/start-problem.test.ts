import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { after, before, test } from 'node:test'
import { startAdvice, startExitCode, startProblem } from './start-problem.ts'

const rootfs = mkdtempSync(`${tmpdir()}/galley-start-problem-`)

before(() => {
  mkdirSync(`${rootfs}/etc`)
  writeFileSync(`${rootfs}/etc/passwd`, '')
  chmodSync(`${rootfs}/etc/passwd`, 0o644)
})

after(() => rmSync(rootfs, { recursive: true }))

const cases = [
  [
    '2026-01-01T00:00:00.1Z: executable file `nosuch` not found in $PATH: No such file or directory',
    'nosuch',
    127,
    /"nosuch": executable file not found in \$PATH/,
  ],
  [
    'x: error: executable file `/no` not found in $PATH: No such file or directory',
    '/no',
    127,
    /"\/no": stat \/no: no such file or directory/,
  ],
  [
    'x: error: executable file `/etc/passwd` not found in $PATH: No such file or directory',
    '/etc/passwd',
    126,
    /"\/etc\/passwd": permission denied/,
  ],
  ['x: error: open executable: Operation not permitted', '/etc', 126, /"\/etc": is a directory: unknown: permission denied$/],
  ['x: error: open executable: Permission denied', '/etc/passwd', 126, /"\/etc\/passwd": permission denied/],
  ['x: error: chdir `/no`: No such file or directory', 'true', 127, /^chdir `\/no`: no such file or directory$/],
  [
    'time="2026" level=error msg="exec failed: unable to start container process: exec: \\"no\\": executable file not found in $PATH"',
    'no',
    127,
    /^exec: "no": executable/,
  ],
] as const

for (const [log, program, code, words] of cases) {
  test(`"${log.slice(-60)}" of ${program} is told as ${code}`, () => {
    const problem = startProblem(log, { rootfs, program })
    assert.match(problem, words)
    assert.equal(startExitCode(problem, 1), code)
  })
}

test('a runtime that ran into the limit of open files which it was given is told with that limit, and no other failure is', () => {
  const limits = [{ Name: 'nofile', Soft: 10, Hard: 20 }]
  assert.match(startAdvice('openat2 `proc/keys`: too many open files', limits).advice ?? '', /may have 10 open files/)
  assert.match(startAdvice('writing file `/sys/x/cgroup.procs`: no space left on device', limits).advice ?? '', /allow more/)
  assert.deepEqual(startAdvice('exec: "no": executable file not found in $PATH: unknown', limits), {})
  for (const Soft of [-1, 1024]) assert.deepEqual(startAdvice('too many open files', [{ Name: 'nofile', Soft, Hard: -1 }]), {})
})
