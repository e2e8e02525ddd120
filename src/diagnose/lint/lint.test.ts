import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { fileURLToPath } from 'node:url'
import { test } from 'node:test'
import { loadProject } from '#compose/model/load.ts'
import type { Finding } from '../finding.ts'
import { lint, lintRules } from './lint.ts'

const pages = fileURLToPath(new URL('../../../docs/rules', import.meta.url))

/** The examples of a rule's page, by their headings. */
function examplesOf(rule: string): { readonly bad: string; readonly good: string } {
  const text = readFileSync(`${pages}/${rule}.md`, 'utf8')
  const [, bad = ''] = /## Bad\n\n```yaml\n([^]*?)```/.exec(text) ?? []
  const [, good = ''] = /## Good\n\n```yaml\n([^]*?)```/.exec(text) ?? []
  assert.ok(bad !== '' && good !== '')
  return { bad, good }
}

function findings(compose: string): Finding[] {
  const directory = mkdtempSync(`${tmpdir()}/galley-lint-`)
  try {
    writeFileSync(`${directory}/compose.yaml`, compose)
    const project = loadProject({ directory, files: [] }, { directory, environment: { DB_PASSWORD: 'hunter2' } })
    return lint({ project, lineAt: ({ line }) => compose.split('\n')[line - 1] })
  } finally {
    rmSync(directory, { recursive: true })
  }
}

test('every rule has a page, and every page a rule', () => {
  const named = readdirSync(pages).filter((name) => name !== 'README.md')
  assert.deepEqual(named.toSorted(), lintRules.map(({ id }) => `${id}.md`).toSorted())
})

for (const { id, severity } of lintRules) {
  test(`${id}: the bad example of its page is found by it alone, the good one by nothing`, () => {
    const { bad, good } = examplesOf(id)
    assert.deepEqual(
      findings(bad).map((finding) => [finding.rule, finding.severity]),
      [[id, severity]],
    )
    assert.deepEqual(
      findings(good).map(({ rule }) => rule),
      [],
    )
  })
}

test('a change that is proposed is the good line', () => {
  const [finding] = findings(
    'services:\n  a:\n    image: x:1\n    environment:\n      URL: redis://127.0.0.1/0\n  cache:\n    image: redis:8\n    expose: [6379]\n',
  )
  assert.equal(finding?.fix.change?.after, 'redis://cache/0')
  assert.equal(finding.fix.change.at.line, 5)
})
