import type { Evidence, Finding, Words } from '#diagnose/finding.ts'
import { inWords } from '../words.ts'
import { withParticles } from '../words/particles.ts'
import { diffOf } from './change.ts'
import { relative } from './relative.ts'
import { wrapped } from './wrap.ts'

interface Reader {
  /** Files are named from here on. */
  readonly directory: string
  readonly language: keyof Words
  /** Sentences are broken at spaces so as to fit; changes and commands of several lines are not. */
  readonly columns: number
}

const labels = {
  seen: { en: 'What was seen', ko: '확인한 것' },
  why: { en: 'Why', ko: '원인' },
  helps: { en: 'What helps', ko: '해결 방법' },
  more: { en: 'More', ko: '더 알아보기' },
} as const satisfies Readonly<Record<string, Words>>

const signs = { error: '✘', warning: '!', advice: '·' } as const satisfies Record<Finding['severity'], string>

/** An explanation as a person reads it. */
export function findingText(finding: Finding, { directory, language, columns }: Reader): string {
  const { rule, title, severity, service, evidence, cause, fix, page = `galley explain ${rule}` } = finding
  // What is the same in both languages may be an error's message, which is told in the reader's like any other.
  const say = ({ en, [language]: own, told = [] }: Evidence): string =>
    own === en && told.length === 0 ? inWords(en) : withParticles(told.reduce((text, part) => text.replace(part, () => inWords(part)), own))
  const label = (name: keyof typeof labels): string => `  ${labels[name][language]}:`
  const prose = (line: string, indent: number): string[] =>
    relative(line, directory)
      .split('\n')
      .map((part, index) => wrapped(index === 0 ? part : `${' '.repeat(indent)}${part}`, columns, indent))
  const lines = [
    ...prose(`${signs[severity]} ${service}: ${title[language]} [${rule}]`, 2),
    label('seen'),
    ...evidence.flatMap((words) => prose(`    - ${say(words)}`, 6)),
    ...prose(`${label('why')} ${say(cause)}`, 4),
    ...prose(`${label('helps')} ${say(fix.text)}`, 4),
    ...(fix.change === undefined ? [] : diffOf(fix.change).map((line) => `    ${relative(line, directory)}`)),
    ...(fix.change?.needs === undefined ? [] : prose(`    ${fix.change.needs[language]}`, 4)),
    `${label('more')} ${page}`,
  ]
  return `${lines.join('\n')}\n`
}
