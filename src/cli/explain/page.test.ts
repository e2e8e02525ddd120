import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { pageIn } from './page.ts'

const pages = globSync('docs/rules/[a-z]*.md').map((path) => readFileSync(path, 'utf8'))

test("a rule's page is read in one language, with all of its examples", () => {
  assert.ok(pages.length > 30)
  for (const page of pages) {
    const [english, korean] = [pageIn(page, 'en', Infinity), pageIn(page, 'ko', Infinity)]
    const blocks = (text: string): string[] => text.match(/^```[^]*?^```$/gm) ?? []
    assert.deepEqual(blocks(english), blocks(page))
    assert.deepEqual(blocks(korean), blocks(page))
    const prose = (text: string): string => text.replaceAll(/^```[^]*?^```$/gm, '')
    assert.doesNotMatch(prose(english), /[가-힣]/)
    assert.match(english, /^# .*\n\n\*\*[a-z-]+\*\* · (error|warning|advice)\n\n[A-Z`*]/)
    assert.match(korean, /^# .*\n\n\*\*[a-z-]+\*\* · (오류|경고|조언)\n\n[^]*[가-힣][^]*^## 나쁜 예\n[^]*^## 좋은 예\n/m)
    for (const paragraph of prose(korean)
      .split('\n\n')
      .filter((text) => /^[^#*\s]/.test(text)))
      assert.match(paragraph, /[가-힣]/)
  }
})
