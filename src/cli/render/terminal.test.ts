import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stripVTControlCharacters } from 'node:util'
import { FakeClock } from '#base/fake-clock.ts'
import { TerminalProgress } from './terminal.ts'
import { widthOf } from './width.ts'

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

test('rows begin at the left again when keys were pressed meanwhile', async () => {
  let written = ''
  const clock = new FakeClock()
  const progress = new TerminalProgress({
    stream: { columns: 40, rows: 24, write: (text: string) => (written += text) },
    clock,
    color: false,
    directory: '/p',
  })
  progress.draw({ type: 'step', id: 'a', subject: 'Container a', status: 'Creating', state: 'working' })
  await clock.advance(100)
  written = ''
  progress[Symbol.dispose]()
  assert.ok(written.startsWith('\r\x1b['), JSON.stringify(written))
})

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

test('what is counted and what a build prints stand in its row; its last lines stay above when it fails', async () => {
  let written = ''
  const clock = new FakeClock()
  const stream = { columns: 80, rows: 24, write: (text: string) => (written += text) }
  const progress = new TerminalProgress({ stream, clock, color: false, directory: '/p' })
  const about = { id: 'image a', subject: 'Image a' }
  const building = { ...about, type: 'step', status: 'Building', state: 'working' } as const
  const rows = async (): Promise<string[]> => {
    await clock.advance(100)
    return screen(written).map((line) => line.replace(/ +[\d.]+s$/, '').replace(/^ ./, ''))
  }
  progress.draw({ ...building, detail: 'downloading', amount: { current: 1_500_000, total: 3_000_000 } })
  assert.deepEqual((await rows()).slice(1), [' Image a  Building  downloading 1.5 of 3.0 MB'])
  progress.draw({ ...building, detail: 'Downloading packages', amount: { current: 3, total: 45, units: 'packages' } })
  assert.deepEqual((await rows()).slice(1), [' Image a  Building  Downloading packages 3/45'])
  progress.draw({ ...about, type: 'output', text: '\x1b[32mcompiling\x1b[0m' })
  assert.deepEqual((await rows()).slice(1), [' Image a  Building  compiling'])
  progress.draw({ ...about, type: 'step', status: 'Error', state: 'failed', detail: 'returned 1' })
  assert.deepEqual(await rows(), [' | compiling', '[+] Running 1/1', ' Image a  Error  returned 1'])
  progress[Symbol.dispose]()
})

test('where the terminal becomes narrower, the rows that it has broken are drawn over, and no line is longer than it', async () => {
  let written = ''
  const clock = new FakeClock()
  const stream = { columns: 60, rows: 24, write: (text: string) => (written += text) }
  const progress = new TerminalProgress({ stream, clock, color: true, directory: '/p' })
  progress.draw({ type: 'step', id: 'a', subject: 'Container 가게-1', status: 'Creating', state: 'working' })
  await clock.advance(100)
  stream.columns = 25
  written = ''
  await clock.advance(100)
  // The heading of 17 columns is one line still, the row of 59 has become three.
  assert.ok(written.startsWith('\r\x1b[4A'))
  const lines = stripVTControlCharacters(written).split('\n')
  assert.ok(lines.length > 2 && lines.every((line) => widthOf(line) < 25), written)
  written = ''
  await clock.advance(100)
  assert.ok(written.startsWith('\r\x1b[2A'))
  progress[Symbol.dispose]()
})
