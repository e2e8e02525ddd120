import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Line } from '#faces/galley/line.ts'
import { findingText } from './finding.ts'
import { ReportProgress } from './report.ts'
import { widthOf } from './width.ts'

/** What stands on a terminal of so many columns. */
function told(columns: number, color: boolean, lines: readonly Line[]): string[] {
  let written = ''
  {
    using report = new ReportProgress({ stream: { columns, write: (text: string) => (written += text) }, color, directory: '/p' })
    for (const line of lines) report.draw(line)
  }
  return written.split('\n').slice(0, -1)
}

const network: Line = {
  type: 'service',
  service: 'shop_default',
  subject: 'Network shop_default',
  state: 'up',
  text: '10.1.0.0/24; used by shop-db-1 (10.1.0.2), shop-web-1 (10.1.0.3)',
}
const failed: Line = { type: 'service', service: 'web', subject: 'Container web', state: 'failed', text: 'ended with exit code 1' }

test('how things are is told whole on a narrow terminal, broken at spaces, with what is said of them below', () => {
  assert.deepEqual(told(50, false, [network, failed, { type: 'note', text: 'A sentence about the one that is told above it.' }]), [
    ' ✔ Network shop_default  10.1.0.0/24; used by',
    '                         shop-db-1 (10.1.0.2),',
    '                         shop-web-1 (10.1.0.3)',
    ' ✘ Container web         ended with exit code 1',
    '   A sentence about the one that is told above it.',
  ])
})

test('beside a name that takes most of the line, the text goes on below it', () => {
  const lines = told(40, false, [network])
  assert.equal(lines[1], '   used by shop-db-1 (10.1.0.2),')
  for (const line of lines) assert.ok(widthOf(line) <= 40, line)
})

test('only the mark is coloured, and nothing moves the cursor', () => {
  assert.deepEqual(told(80, true, [failed]), [' \x1b[31m✘\x1b[0m Container web  ended with exit code 1'])
})

test('an explanation is broken at spaces where the terminal is narrow, and its diff and paths are not', () => {
  const words = (en: string) => ({ en, ko: en })
  const text = findingText(
    {
      rule: 'some-rule',
      title: words('a title that says what is wrong'),
      severity: 'error',
      service: 'web',
      evidence: [words('/p/compose.yaml:3: a line that is longer than the terminal\nand a second one')],
      cause: words('because of this and that and yet another thing'),
      fix: {
        text: words('change it'),
        change: {
          at: { file: '/p/none.yaml', line: 1, column: 1 },
          before: 'a line of a file that is longer than the terminal',
          after: 'b',
        },
      },
    },
    { directory: '/p', language: 'en', columns: 40 },
  )
  assert.deepEqual(text.split('\n'), [
    '✘ web: a title that says what is wrong',
    '  [some-rule]',
    '  What was seen:',
    '    - compose.yaml:3: a line that is',
    '      longer than the terminal',
    '      and a second one',
    '  Why: because of this and that and yet',
    '    another thing',
    '  What helps: change it',
    '    - a line of a file that is longer than the terminal',
    '    + b',
    '  More: galley explain some-rule',
    '',
  ])
})
