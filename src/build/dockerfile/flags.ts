import { didYouMean } from './problem.ts'

/** The `--name=value` words of an instruction, in order. */
export interface Flags {
  readonly values: ReadonlyMap<string, readonly string[]>
  /** What follows them. */
  readonly rest: string
}

/** Need no value. */
const switches = new Set(['link', 'parents', 'unpack', 'keep-git-dir'])

/** May be given several times. */
const repeatable = new Set(['mount', 'exclude', 'device'])

/** Takes flags off the front of an instruction's operands; `fail` is told of the wrong word and where it stands. */
export function takeFlags(text: string, known: readonly string[], fail: (problem: string, offset: number, length: number) => never): Flags {
  const values = new Map<string, string[]>()
  let at = 0
  for (;;) {
    const match = /^(\s*)(--(?:\\.|"(?:\\.|[^"\\])*"|'[^']*'|[^\s"'\\])*)/s.exec(text.slice(at))
    if (match === null) break
    const [whole, space = '', word = ''] = match
    const offset = at + space.length
    at += whole.length
    if (word === '--') break
    const [, name = '', value] = /^--([^=]*)(?:=(.*))?$/s.exec(word) ?? []
    if (!known.includes(name)) fail(`unknown flag: --${name}${didYouMean(name, known)}`, offset, word.length)
    const before = values.get(name) ?? []
    if (before.length > 0 && !repeatable.has(name)) fail(`duplicate flag specified: --${name}`, offset, word.length)
    if (value === undefined && !switches.has(name)) fail(`missing a value on flag: --${name}`, offset, word.length)
    values.set(name, [...before, unquoted(value ?? 'true')])
  }
  return { values, rest: text.slice(at).trim() }
}

/** Quotes and backslashes of a flag's value are taken off, but not in front of a dollar, which is expanded later. */
function unquoted(value: string): string {
  return value.replaceAll(/"((?:\\.|[^"\\])*)"|'([^']*)'|\\([^$])/gs, (_whole, double?: string, single?: string, escaped?: string) =>
    double !== undefined ? double.replaceAll(/\\(["\\])/g, '$1') : (single ?? escaped ?? ''),
  )
}

/** A flag's only value. */
export function flagValue({ values }: Flags, name: string): string | undefined {
  return values.get(name)?.at(-1)
}

/** Go's reading of a boolean flag; undefined when the flag is not there. */
export function flagSwitch(flags: Flags, name: string, fail: (problem: string) => never): boolean | undefined {
  const value = flagValue(flags, name)
  if (value === undefined) return undefined
  if (['1', 't', 'T', 'true', 'TRUE', 'True'].includes(value)) return true
  if (['0', 'f', 'F', 'false', 'FALSE', 'False'].includes(value)) return false
  return fail(`expecting boolean value for flag --${name}, not: ${value}`)
}
