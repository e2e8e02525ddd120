import assert from 'node:assert/strict'
import type { Finding } from './finding.ts'

/** Fails for a finding that is not told in both languages; returns all of them. Messages of errors are told by the reader's side. */
export function inBothLanguages(findings: Finding[]): Finding[] {
  for (const { rule, title, cause, fix } of findings)
    for (const words of [title, cause, ...(fix.text.en === fix.text.ko ? [] : [fix.text])]) {
      assert.match(words.ko, /[가-힣]/, rule)
      assert.doesNotMatch(words.en, /[가-힣]/, rule)
    }
  return findings
}
