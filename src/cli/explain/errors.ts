import { readFileSync } from 'node:fs'
import { home } from '#base/home.ts'

/** What an error means, in one language. */
export interface Meaning {
  readonly what: string
  readonly why: string
  /** What to try. */
  readonly try: string
}

export interface ErrorText {
  /** Where to read on: a path in this project. */
  readonly read: string
  readonly en: Meaning
  readonly ko: Meaning
}

/** The texts of `words/errors.json`: by an error's id, or by the family `image.*` of those that need none of their own. */
export type ErrorTexts = Readonly<Record<string, ErrorText>>

export function errorTexts(): ErrorTexts {
  return JSON.parse(readFileSync(new URL('words/errors.json', home), 'utf8')) as ErrorTexts
}

/** The text of an id, or of its family; undefined for what is no id. */
export function textOf(id: string, texts: ErrorTexts): ErrorText | undefined {
  const name = textNameOf(id, texts)
  return name === undefined ? undefined : texts[name]
}

/** What has the text of an id: itself, or its family, which any word in it is taken for. */
export function textNameOf(id: string, texts: ErrorTexts): string | undefined {
  const family = `${id.split('.')[0]}.*`
  return [id, ...(id.includes('.') ? [family] : [])].find((name) => Object.hasOwn(texts, name))
}
