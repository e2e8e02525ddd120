import assert from 'node:assert/strict'
import { test } from 'node:test'
import { linesFor, parseTargets } from './sources.ts'

const host = parseTargets(`Packages|https://mirror.example/debian/|bookworm|main
Packages|https://mirror.example/debian/|bookworm-updates|main
Packages|https://mirror.example/debian-security/|bookworm-security|main
Packages|https://packages.example/debian/12/prod/|bookworm|main
Contents-deb|https://mirror.example/debian/|bookworm|main
`)

function bare(lines: readonly string[]): readonly string[] {
  return lines.map((line) => line.replace(/ \[signed-by=\S+\]/, ''))
}

test("a suite comes from the host's own mirror, with its updates", () => {
  assert.deepEqual(bare(linesFor('trixie', host, undefined)), [
    'deb https://mirror.example/debian/ trixie main',
    'deb https://mirror.example/debian/ trixie-updates main',
    'deb https://mirror.example/debian-security/ trixie-security main',
  ])
})

test('unstable has neither updates nor security archive', () => {
  assert.deepEqual(bare(linesFor('sid', host, undefined)), ['deb https://mirror.example/debian/ sid main'])
})

test("one day of Debian's snapshots is a mirror, another vendor's archive is not", () => {
  const snapshot = parseTargets(`Packages|https://packages.example/debian/12/prod/|bookworm|main
Packages|http://snapshot.example/archive/debian/20250520T000000Z/|bookworm|main
`)
  assert.deepEqual(bare(linesFor('bookworm', snapshot, undefined)), [
    'deb http://snapshot.example/archive/debian/20250520T000000Z/ bookworm main',
  ])
})

test('a host without Debian sources uses the public archive', () => {
  const archive = 'http://archive.example/debian'
  assert.deepEqual(bare(linesFor('bookworm', [], archive)), [`deb ${archive} bookworm main`])
  assert.throws(() => linesFor('bookworm', [], undefined), { kind: 'unavailable' })
})
