import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { test } from 'node:test'
import { pages, pageText } from './pages.fixture.ts'
import type { Rule } from './rule.ts'
import { rules } from './rules.ts'

test('every rule has a page, and every page a rule', () => {
  const named = readdirSync(pages).filter((name) => name !== 'README.md')
  assert.deepEqual(named.toSorted(), rules.map(({ id }) => `${id}.md`).toSorted())
})

test('a rule is called the same on its page, in the list of rules and in what it finds', () => {
  for (const rule of rules) {
    const { id, title, severity } = rule
    assert.equal(pageText(id).split('\n\n', 2).join('\n'), `# ${title.en}\n**${id}** · ${severity} · ${title.ko}`)
  }
  const rows = [...pageText('README').matchAll(/^\| \[.*$/gm)].map(([row]) => row)
  assert.deepEqual(rows, rules.map(rowOf).toSorted())
})

function rowOf({ id, title, severity, lint, inspect, find }: Rule): string {
  const isLive = find !== undefined || severity === 'advice'
  const by = [...(lint === undefined && inspect === undefined ? [] : ['lint']), ...(isLive ? ['why'] : [])].join(', ')
  return `| [${id}](${id}.md) | ${severity} | ${by} | ${title.en} | ${title.ko} |`
}

test('every rule has texts in both languages', () => {
  for (const { title } of rules) {
    assert.match(title.en, /^[\x20-\x7e]+$/)
    assert.match(title.ko, /[가-힣]/)
  }
})
