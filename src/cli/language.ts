import type { Words } from '#diagnose/finding.ts'

/** The language of the caller's locale, as far as Galley speaks it (POSIX: the first of these that is set and not empty). */
export function language(): keyof Words {
  const { LC_ALL, LC_MESSAGES, LANG } = process.env
  return (LC_ALL || LC_MESSAGES || LANG || '').startsWith('ko') ? 'ko' : 'en'
}
