import { reflowed } from '../render/wrap.ts'

type Language = 'en' | 'ko'

const severities: Readonly<Record<string, string>> = { error: '오류', warning: '경고', advice: '조언' }
const headings: Readonly<Record<string, string>> = { Bad: '나쁜 예', Good: '좋은 예' }

/** `# title`, and below it `**id** · severity · Korean title`. */
export function titleOf(page: string, language: Language): string {
  const korean = /^\*\*.*\*\* · .* · (.*)$/m.exec(page)?.[1]
  const english = /^# (.*)$/m.exec(page)?.[1] ?? ''
  return language === 'ko' ? (korean ?? english) : english
}

/** Of a rule's page, whose paragraphs are there in both languages, what a reader of one reads, in lines of at most so many columns. */
export function pageIn(page: string, language: Language, columns: number): string {
  const [, id = '', severity = ''] = /^\*\*(.*)\*\* · (\S+)/m.exec(page) ?? []
  // Not at an empty line of an example, behind which its end comes next.
  const [, ...blocks] = page.trimEnd().split(/\n\n+(?![^`]*\n```(?:\n|$))/)
  const text = blocks.slice(1).filter((block) => isFor(block, language))
  const shown = text.map((block) => (block.startsWith('```') ? block : reflowed(inLanguage(block, language), columns)))
  const head = [`# ${titleOf(page, language)}`, `**${id}** · ${language === 'ko' ? (severities[severity] ?? severity) : severity}`]
  return `${[...head, ...shown].join('\n\n')}\n`
}

/** Headings and examples are for all. */
function isFor(block: string, language: Language): boolean {
  return /^(```|## )/.test(block) || /[가-힣]/.test(block) === (language === 'ko')
}

function inLanguage(block: string, language: Language): string {
  return language === 'ko' ? block.replace(/^## (\w+)/, (whole, name: string) => `## ${headings[name] ?? whole.slice(3)}`) : block
}
