import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { GalleyError } from '#base/error.ts'
import { home } from '#base/home.ts'
import { nearest } from '#base/nearest.ts'
import { pageOf, rules as dockerfileRules, type RuleName } from '#build/checks/rules.ts'
import { koreanTitles } from '#diagnose/build-check-titles.ts'
import type { Command, Syntax } from '../command.ts'
import { parseOptions } from '../options.ts'
import { listed, outputOptions, tell } from '../output.ts'
import { inWords, language } from '../words.ts'
import { columnsOf } from '../render/wrap.ts'
import { errorTexts, textNameOf, type ErrorText } from './errors.ts'
import { pageIn, titleOf } from './page.ts'

const syntax = {
  usage: 'explain [ID]',
  does: `Tells what an error or a rule means: what it is, why it happens, what to try and where to read on. IDs are printed with every error
(more: galley explain ID) and with every finding of lint and why, in brackets. Without an ID, all of them are listed.`,
  operands: 1,
  options: outputOptions,
} as const satisfies Syntax

export const explain: Command = {
  syntax,
  async run(args) {
    const { values, positionals } = parseOptions(args, syntax)
    const [id] = positionals
    await (id === undefined ? tell(listed({ rows: all(), name: (row) => row.id, columns }), values) : tell(toldOf(id), values))
    return 0
  },
}

interface Row {
  readonly id: string
  readonly kind: 'error' | 'rule'
  readonly title: string
}

const columns = { ID: ({ id }: Row) => id, KIND: ({ kind }: Row) => kind, TITLE: ({ title }: Row) => title } as const

/** Every id that has an explanation of its own. */
export function explained(): string[] {
  return all()
    .map(({ id }) => id)
    .filter((id) => !id.endsWith('.*'))
}

function all(): Row[] {
  const errors = Object.entries(errorTexts()).map(([id, text]): Row => ({ id, kind: 'error', title: text[language()].what }))
  const pages = pageNames().map((id): Row => ({ id, kind: 'rule', title: titleOf(pageText(id) ?? '', language()) }))
  const checks = (Object.keys(dockerfileRules) as RuleName[]).map((id): Row => ({ id, kind: 'rule', title: checkTitle(id) }))
  return [...errors, ...pages, ...checks]
}

/** Throws `not found`. */
function toldOf(id: string): Parameters<typeof tell>[0] {
  const page = pageText(id)
  if (page !== undefined)
    return { data: { id, kind: 'rule', page }, names: [id], text: () => pageIn(page, language(), columnsOf(process.stdout)) }
  if (isDockerfileRule(id)) {
    const data = { id, kind: 'rule', what: checkTitle(id), read: pageOf(id) }
    return { data, names: [id], text: () => `${id}\n  ${data.what}\n${inWords('Read:')} ${data.read}\n` }
  }
  const texts = errorTexts()
  // A rule's way of writing, with dashes, is understood too.
  for (const one of [id, id.replace('-', '.')]) {
    const name = textNameOf(one, texts)
    const text = name === undefined ? undefined : texts[name]
    if (name !== undefined && text !== undefined) return toldError(one, name, text)
  }
  const meant = idsLike(id)
  throw new GalleyError('not found', `there is no error and no rule ${id}`, {
    code: 'explain.unknown',
    subject: id,
    advice: `${meant === '' ? '' : `Did you mean ${meant}? `}galley explain lists them.`,
  })
}

/** What a slip of the hand meant, else what is called so in part or is about that: no more than can be read at a glance. */
function idsLike(id: string): string {
  const rows = all()
  const part = id.toLowerCase()
  const close = nearest(
    id,
    rows.map((row) => row.id),
  )
  if (close !== undefined || part.length < 2) return close ?? ''
  const has = (text: string): boolean => text.toLowerCase().includes(part)
  const called = rows.filter((row) => has(row.id))
  const texts = errorTexts()
  const wordsOf = ({ id: one, title }: Row): string =>
    `${title} ${pageText(one) ?? ''} ${Object.values(texts[one]?.[language()] ?? {}).join(' ')}`
  const about = rows.filter((row) => !called.includes(row) && has(wordsOf(row)))
  return [...called, ...about]
    .map((row) => row.id)
    .slice(0, 3)
    .join(', ')
}

/** Whether there is such an id in a family is not known here: its text is told as the family's. */
function toldError(id: string, name: string, text: ErrorText): Parameters<typeof tell>[0] {
  const { what, why, try: attempt } = text[language()]
  const shown = `${id === name ? id : `${id} (${name})`}: ${what}\n  ${inWords('Why:')} ${why}\n  ${inWords('Try:')} ${attempt}\n  ${inWords('Read:')} ${text.read}\n`
  return { data: { id, kind: 'error', what, why, try: attempt, read: text.read }, names: [id], text: () => shown }
}

function checkTitle(id: RuleName): string {
  return language() === 'ko' ? koreanTitles[id] : dockerfileRules[id]
}

function isDockerfileRule(id: string): id is RuleName {
  return Object.hasOwn(dockerfileRules, id)
}

/** Each rule has a page of its own, in both languages. */
const directory = new URL('docs/rules/', home)

function pageNames(): string[] {
  if (!existsSync(directory)) return []
  return readdirSync(directory)
    .filter((file) => /^[a-z][a-z0-9-]*\.md$/.test(file))
    .map((file) => file.replace('.md', ''))
    .toSorted()
}

function pageText(id: string): string | undefined {
  return pageNames().includes(id) ? readFileSync(new URL(`${id}.md`, directory), 'utf8') : undefined
}
