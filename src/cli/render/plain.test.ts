import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Line } from '#faces/galley/line.ts'
import { PlainProgress } from './plain.ts'

const subject = 'Image a'
const id = 'image a'
const step = (status: string, state: 'working' | 'failed', detail: string): Line => ({ type: 'step', id, subject, status, state, detail })
const output = (text: string): Line => ({ type: 'output', id, subject, text })

function shown(lines: readonly Line[], verbose: boolean): string[] {
  const written: string[] = []
  using progress = new PlainProgress((text) => written.push(text.trimEnd()), { directory: '/p', verbose })
  for (const line of lines) progress.draw(line)
  return written
}

const build = [
  step('Building', 'working', 'Step 1/1 : RUN make'),
  ...Array.from({ length: 30 }, (_, index) => output(`line ${index + 1}`)),
  output('10 %\r20 %\r\x1b[31mbroken\x1b[0m'),
  step('Error', 'failed', 'returned 2'),
]

test('of what a build prints, the last lines are shown when it fails, as a terminal would show them', () => {
  const lines = shown(build, false)
  assert.equal(lines[0], ' Image a  Building  Step 1/1 : RUN make')
  assert.deepEqual(lines.slice(1, 3), ['   | line 12', '   | line 13'])
  assert.deepEqual(lines.slice(-2), ['   | broken', ' Image a  Error  returned 2'])
  assert.equal(lines.length, 22)
})

test('all of it is shown on request, and not once more at the end', () => {
  const lines = shown(build, true)
  assert.deepEqual(lines.slice(1, 3), [' Image a  | line 1', ' Image a  | line 2'])
  assert.deepEqual(lines.slice(-2), [' Image a  | broken', ' Image a  Error  returned 2'])
  assert.equal(lines.length, 33)
})
