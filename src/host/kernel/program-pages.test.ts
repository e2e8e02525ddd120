import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { letGoOfProgramPages, unchangedMappings } from './program-pages.ts'

const mapping = (first: string, own = 0) => `${first}\nSize: 4 kB\nRss:  4 kB\nAnonymous:  ${own} kB\nVmFlags: rd mr mw me\n`

test('takes read-only mappings of files that have no page of their own', () => {
  const smaps = [
    mapping('00400000-00401000 r--p 00000000 fe:00 12                         /bin/node'),
    mapping('00401000-00402000 r-xp 00001000 fe:00 12                         /bin/node'),
    mapping('00402000-00403000 r--p 00002000 fe:00 12                         /bin/node', 4),
    mapping('00403000-00404000 rw-p 00003000 fe:00 12                         /bin/node'),
    mapping('7f0000000000-7f0000001000 r--p 00000000 00:00 0 '),
    mapping('7f0000001000-7f0000002000 r-xp 00000000 00:00 0                  [vdso]'),
    mapping('7f0000002000-7f0000003000 r--s 00000000 fe:00 13                 /shared'),
  ].join('')
  assert.deepEqual(unchangedMappings(smaps), [
    { from: 0x400000n, to: 0x401000n },
    { from: 0x401000n, to: 0x402000n },
  ])
})

/** KiB that this process has mapped of the program it runs. */
function ofProgram(): number {
  const mappings = readFileSync('/proc/self/smaps', 'latin1').split(/^(?=[\da-f]+-[\da-f]+ )/m)
  const own = mappings.filter((text) => text.split('\n', 1)[0]?.endsWith(process.execPath))
  return own.reduce((sum, text) => sum + Number(/^Rss: +(\d+) kB$/m.exec(text)?.[1]), 0)
}

test('unmaps most of the program, which goes on all the same', () => {
  const before = ofProgram()
  letGoOfProgramPages()
  const after = ofProgram()
  assert.ok(after < before / 2, `${before} KiB before, ${after} KiB after`)
  assert.deepEqual(JSON.parse('{"still": [1, 2]}'), { still: [1, 2] })
})
