import type { Evidence, Finding, Words } from '#diagnose/finding.ts'
import { inWords } from '../words.ts'
import { withParticles } from '../words/particles.ts'
import { diffOf } from './change.ts'
import { relative } from './relative.ts'

interface Reader {
  /** Files are named from here on. */
  readonly directory: string
  readonly language: keyof Words
}

const labels = {
  seen: { en: 'What was seen', ko: '확인한 것' },
  why: { en: 'Why', ko: '원인' },
  helps: { en: 'What helps', ko: '해결 방법' },
  more: { en: 'More', ko: '더 알아보기' },
} as const satisfies Readonly<Record<string, Words>>

const signs = { error: '✘', warning: '!', advice: '·' } as const satisfies Record<Finding['severity'], string>

/** An explanation as a person reads it. */
export function findingText(finding: Finding, { directory, language }: Reader): string {
  const { rule, title, severity, service, evidence, cause, fix, page = `galley explain ${rule}` } = finding
  // What is the same in both languages may be an error's message, which is told in the reader's like any other.
  const say = ({ en, [language]: own, told = [] }: Evidence): string =>
    own === en && told.length === 0 ? inWords(en) : withParticles(told.reduce((text, part) => text.replace(part, () => inWords(part)), own))
  const label = (name: keyof typeof labels): string => `  ${labels[name][language]}:`
  const lines = [
    `${signs[severity]} ${service}: ${title[language]} [${rule}]`,
    label('seen'),
    ...evidence.map((words) => `    - ${say(words).replaceAll('\n', '\n      ')}`),
    `${label('why')} ${say(cause)}`,
    `${label('helps')} ${say(fix.text)}`,
    ...(fix.change === undefined ? [] : diffOf(fix.change).map((line) => `    ${line}`)),
    ...(fix.change?.needs === undefined ? [] : [`    ${fix.change.needs[language]}`]),
    `${label('more')} ${page}`,
  ]
  return `${relative(lines.join('\n'), directory)}\n`
}
