import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeClock } from '#base/fake-clock.ts'
import { TerminalProgress } from './terminal.ts'

/** What a terminal of 40 columns shows after everything that was written to it. */
function screen(written: string): string[] {
  const lines: string[] = ['']
  let row = 0
  for (const [, up, erase, end, text] of written.replaceAll('\x1b', '␛').matchAll(/␛\[(\d+)A|(␛\[[JK])|(\n)|␛\[\?25[lh]|([^␛\n]+)/g)) {
    if (up !== undefined) row -= Number(up)
    else if (erase === '␛[J') lines.splice(row, Infinity, '')
    else if (end !== undefined) lines[++row] ??= ''
    else if (text !== undefined) lines[row] = text
  }
  return lines.filter((line) => line !== '')
}

test('rows stay where they are, sentences go above them, long ones are cut', async () => {
  let written = ''
  const clock = new FakeClock()
  const stream = { columns: 40, rows: 24, write: (text: string) => (written += text) }
  const progress = new TerminalProgress({ stream, clock, color: false, directory: '/p' })
  const step = (subject: string, status: string, state: 'working' | 'done', detail?: string): void =>
    progress.draw({ type: 'step', id: subject, subject, status, state, ...(detail !== undefined && { detail }) })
  step('Image 한글', 'Pulling', 'working')
  await clock.advance(1000)
  step('Container a', 'Creating', 'working')
  progress.draw({ type: 'warning', text: '/p/compose.yaml:1:1: something' })
  step('Image 한글', 'Pulled', 'done', 'with words that are too long for the line')
  await clock.advance(500)
  progress[Symbol.dispose]()
  assert.deepEqual(screen(written), [
    'warning: compose.yaml:1:1: something',
    '[+] Running 1/2',
    ' ✔ Image 한글   Pulled  with word… 1.0s',
    ' ⠴ Container a  Creating           0.5s',
  ])
  assert.equal(clock.waiting, 0)
})
