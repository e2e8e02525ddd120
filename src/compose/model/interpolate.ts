import { GalleyError } from '#base/error.ts'

export type Lookup = (name: string) => string | undefined

type Operator = ':-' | '-' | ':?' | '?' | ':+' | '+'
type Part = string | Use

interface Use {
  readonly name: string
  readonly operator?: Operator
  readonly word: readonly Part[]
  /** The word as it is written. */
  readonly raw: string
}

export interface Interpolated {
  readonly text: string
  /** Variables that were used, have no value and no default: they became empty. */
  readonly unset: readonly string[]
}

/**
 * Replaces variables (compose-spec, 12-interpolation): `$V`, `${V}`, `${V:-word}`, `${V-word}`, `${V:?message}`, `${V?message}`,
 * `${V:+word}`, `${V+word}`, nested in words; `$$` is a dollar. Throws `invalid`.
 */
export function interpolate(text: string, lookup: Lookup): Interpolated {
  if (!text.includes('$')) return { text, unset: [] }
  const unset = new Set<string>()
  const parser = new Parser(text)
  return { text: evaluate(parser.parts(false), lookup, unset), unset: [...unset] }
}

/** A variable that a text uses. */
export interface UsedVariable {
  readonly name: string
  readonly required: boolean
  /** What stands for it when it has no value, as it is written; empty for nothing. */
  readonly fallback: string
  /** What stands for it when it has one. */
  readonly alternative: string
}

/** The variables that a text uses, those of its words too. Throws `invalid`. */
export function variablesIn(text: string): UsedVariable[] {
  return usesIn(new Parser(text).parts(false)).map(({ name, operator = '', raw }) => ({
    name,
    required: operator.endsWith('?'),
    fallback: operator.endsWith('-') ? raw : '',
    alternative: operator.endsWith('+') ? raw : '',
  }))
}

function usesIn(parts: readonly Part[]): Use[] {
  return parts.flatMap((part) => (typeof part === 'string' ? [] : [part, ...usesIn(part.word)]))
}

class Parser {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  /** Everything up to the end, or to the brace that closes a word. A dollar that begins nothing is a dollar. */
  parts(inWord: boolean): Part[] {
    const parts: Part[] = []
    for (;;) {
      const plain = this.#take(inWord ? /[^${}]+/y : /[^$]+/y)
      if (plain !== '') parts.push(plain)
      if (this.#take(/\$\$/y) !== '') parts.push('$')
      else if (this.#take(/\$\{/y) !== '') parts.push(this.#braced())
      else if (this.#text[this.#at] === '$') parts.push(this.#plainName())
      else if (inWord && this.#take(/\{/y) !== '') parts.push('{', ...this.parts(true), this.#take(/\}/y))
      else return parts
    }
  }

  #plainName(): Part {
    const name = this.#take(/\$[a-zA-Z_]\w*/y)
    return name === '' ? this.#take(/\$/y) : { name: name.slice(1), word: [], raw: '' }
  }

  #braced(): Part {
    const name = this.#name(/[a-zA-Z_]\w*/y)
    const operator = this.#take(/:?[-?+]/y) as Operator | ''
    const start = this.#at
    const word = operator === '' ? [] : this.parts(true)
    const raw = this.#text.slice(start, this.#at)
    if (this.#take(/\}/y) === '') throw this.#wrong()
    return { name, word, raw, ...(operator !== '' && { operator }) }
  }

  #name(pattern: RegExp): string {
    const name = this.#take(pattern)
    if (name === '') throw this.#wrong()
    return name
  }

  #take(pattern: RegExp): string {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#text)?.[0] ?? ''
    this.#at += found.length
    return found
  }

  #wrong(): GalleyError {
    return new GalleyError('invalid', `invalid interpolation format: "${this.#text}"`, {
      code: 'compose.interpolation',
      advice: 'Write $$ for a dollar sign.',
    })
  }
}

function evaluate(parts: readonly Part[], lookup: Lookup, unset: Set<string>): string {
  return parts.map((part) => (typeof part === 'string' ? part : valueOf(part, lookup, unset))).join('')
}

function valueOf({ name, operator, word }: Use, lookup: Lookup, unset: Set<string>): string {
  const value = lookup(name)
  const there = operator?.startsWith(':') ? value !== undefined && value !== '' : value !== undefined
  if (operator === undefined) {
    if (value === undefined) unset.add(name)
    return value ?? ''
  }
  if (operator.endsWith('+')) return there ? evaluate(word, lookup, unset) : ''
  if (there) return value ?? ''
  if (operator.endsWith('-')) return evaluate(word, lookup, unset)
  const why = evaluate(word, lookup, unset)
  throw new GalleyError('invalid', `required variable ${name} is missing a value${why === '' ? '' : `: ${why}`}`, {
    code: 'compose.variable-required',
    subject: name,
    advice: `Set ${name} in the environment or in the .env file.`,
  })
}
