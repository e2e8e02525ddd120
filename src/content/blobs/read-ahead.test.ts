import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { after, test } from 'node:test'
import { readAhead } from './read-ahead.ts'

const home = mkdtempSync(`${tmpdir()}/galley-read-ahead-`)
after(() => rmSync(home, { recursive: true, force: true }))
const path = `${home}/file`
const bytes = randomBytes(5_500_000)
writeFileSync(path, bytes)

async function read(start: number, end: number): Promise<Buffer> {
  const pieces: Buffer[] = []
  for await (const piece of readAhead(path, start, end)) pieces.push(Buffer.from(piece))
  return Buffer.concat(pieces)
}

test('any part is read as it is, also by several at once', async () => {
  const parts = [
    [0, bytes.length],
    [0, 0],
    [5, 6],
    [1 << 20, 2 << 20],
    [(1 << 20) - 1, (4 << 20) + 1],
    [bytes.length - 1, bytes.length],
  ] as const
  const found = await Promise.all([...parts, ...parts].map(([start, end]) => read(start, end)))
  for (const [index, part] of found.entries()) {
    const [start, end] = parts[index % parts.length] ?? [0, 0]
    assert.ok(part.equals(bytes.subarray(start, end)), `${start} to ${end}`)
  }
})

test('whoever stops in the middle disturbs no other', async () => {
  const whole = read(0, bytes.length)
  for (let round = 0; round < 20; round++) for await (const _piece of readAhead(path, 0, bytes.length)) break
  assert.ok((await whole).equals(bytes))
})

test('a file that is shorter than promised fails instead of ending early', async () => {
  writeFileSync(`${home}/short`, bytes)
  truncateSync(`${home}/short`, 3_000_000)
  await assert.rejects(async () => {
    for await (const _piece of readAhead(`${home}/short`, 0, bytes.length));
  }, /bytes early/)
})
