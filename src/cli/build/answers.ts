import { inWords } from '../words.ts'
import { excerpt } from './failure.ts'

/** What `--check` and `--call` print of an answer, and the exit code. */
export function answerText(question: string, answer: Readonly<Record<string, string>>, asJson: boolean): { text: string; code: number } {
  const code = Number(answer['result.statuscode'] ?? 0)
  const json = answer['result.json'] ?? ''
  if (asJson) return { text: `${json}\n`, code }
  const result = JSON.parse(json) as object
  if (question === 'frontend.lint') return { text: lintText(result as Lint), code }
  if (question === 'frontend.outline') return { text: outlineText(result as Outline), code }
  if (question === 'frontend.targets') return { text: targetsText(result as Targets), code }
  return { text: `${json}\n`, code }
}

interface Range {
  readonly start: { readonly line: number }
  readonly end: { readonly line: number }
}

interface Lint {
  readonly warnings: readonly {
    readonly ruleName: string
    readonly url: string
    readonly detail: string
    readonly location: { readonly ranges: readonly Range[] }
  }[]
  readonly sources: readonly { readonly filename: string; readonly data: string }[]
}

function lintText({ warnings, sources: [source] }: Lint): string {
  if (warnings.length === 0) return `${inWords('Check complete, no warnings found.')}\n`
  const text = Buffer.from(source?.data ?? '', 'base64').toString('utf8')
  const shown = warnings.map(({ ruleName, url, detail, location: { ranges } }) => {
    const { start, end } = ranges[0] ?? { start: { line: 1 }, end: { line: 1 } }
    const place = excerpt({ name: source?.filename ?? 'Dockerfile', text, first: start.line, last: end.line })
    return `\nWARNING: ${ruleName} - ${url}\n${inWords(detail)}\n${place}`
  })
  const count = warnings.length
  const head = count === 1 ? 'Check complete, 1 warning has been found!' : `Check complete, ${count} warnings have been found!`
  return `${inWords(head)}\n${shown.join('')}`
}

interface Outline {
  readonly name?: string
  readonly args: readonly { readonly name: string; readonly value: string }[]
  readonly secrets: readonly { readonly name: string; readonly required: boolean }[]
  readonly ssh: readonly { readonly name: string; readonly required: boolean }[]
}

function outlineText({ name, args, secrets, ssh }: Outline): string {
  return [
    ...(name === undefined ? [] : [`TARGET: ${name}\n`]),
    columns([['BUILD ARG', 'VALUE'], ...args.map((arg) => [arg.name, arg.value])]),
    columns([['SECRET', 'REQUIRED'], ...secrets.map((secret) => [secret.name, String(secret.required)])]),
    columns([['SSH', 'REQUIRED'], ...ssh.map((agent) => [agent.name, String(agent.required)])]),
  ]
    .filter((text) => text !== '')
    .join('\n')
}

interface Targets {
  readonly targets: readonly { readonly name?: string; readonly default?: boolean; readonly base: string }[]
}

function targetsText({ targets }: Targets): string {
  return columns([
    ['TARGET', 'FROM'],
    ...targets.map((target) => [`${target.name ?? ''}${target.default === true ? ' (default)' : ''}`.trim(), target.base]),
  ])
}

/** A table without anything below its head is none. */
function columns(rows: readonly (readonly string[])[]): string {
  if (rows.length < 2) return ''
  const width = Math.max(...rows.map(([first = '']) => first.length))
  return rows.map(([first = '', second = '']) => `${first.padEnd(width)}   ${second}`.trimEnd() + '\n').join('')
}
