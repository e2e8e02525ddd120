/** What people read of Galley's own, in the language of their locale: English, or Korean (`words/korean.json`). */

let translate: ((text: string) => string) | undefined

/** Whether the locale is Korean: the first of these that is set and not empty says so (POSIX, Environment Variables). */
export function isKorean({ LC_ALL, LC_MESSAGES, LANG }: Readonly<Record<string, string | undefined>>): boolean {
  return /^ko([_.@]|$)/.test(LC_ALL || LC_MESSAGES || LANG || '')
}

/** From now on `inWords` answers in the language of the locale. Reads nothing where that is English. */
export async function chooseLanguage(environment: Readonly<Record<string, string | undefined>>): Promise<void> {
  translate = isKorean(environment) ? (await import('./words/korean.ts')).korean() : undefined
}

/** The language that was chosen. */
export function language(): 'en' | 'ko' {
  return translate === undefined ? 'en' : 'ko'
}

/**
 * An English text as the reader wants it. What is not in the catalogue, such as a name, a number or what a program printed, stays as it
 * is.
 */
export function inWords(text: string): string {
  return translate === undefined ? text : translate(text)
}
