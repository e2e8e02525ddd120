import { GalleyError } from '#base/error.ts'
import { replaced, withoutPrefix, withoutSuffix } from './pattern.ts'

/** Looks a variable up; undefined when it is not set. */
export type Lookup = (name: string) => string | undefined

export interface Expansion {
  readonly lookup: Lookup
  /** The escape character: `\`, or as the directive says. */
  readonly escape: string
}

/**
 * Expands `$v`, `${v}`, `${v:-w} ${v-w} ${v:+w} ${v+w} ${v:?w} ${v?w} ${v#p} ${v##p} ${v%p} ${v%%p} ${v/p/r} ${v//p/r}` and
 * removes quotes, as the Dockerfile reference says. Throws `invalid`.
 */
export function expandWord(text: string, expansion: Expansion): string {
  return new Expander(text, expansion).words().join(' ')
}

/** As `expandWord`, then splits at blanks outside quotes. */
export function expandWords(text: string, expansion: Expansion): string[] {
  return new Expander(text, expansion, true).words()
}

/**
 * The text of a heredoc: variables are expanded, quotes stay as they are. As in BuildKit a backslash, whatever the escape directive says,
 * stands for the character behind it, so that it takes two to get one.
 */
export function expandText(text: string, { lookup }: Pick<Expansion, 'lookup'>): string {
  return new Expander(text, { lookup, escape: '\\' }).raw()
}

class Expander {
  readonly #text: string
  readonly #expansion: Expansion
  readonly #split: boolean
  #at = 0
  #words: string[] = []
  #word = ''
  #begun = false

  constructor(text: string, expansion: Expansion, split = false) {
    this.#text = text
    this.#expansion = expansion
    this.#split = split
  }

  words(): string[] {
    while (this.#at < this.#text.length) this.#step()
    if (this.#begun) this.#words.push(this.#word)
    return this.#words
  }

  raw(): string {
    let result = ''
    while (this.#at < this.#text.length) {
      if (this.#peek() === '$') {
        result += this.#dollar()
        continue
      }
      if (this.#peek() === this.#expansion.escape) this.#at++
      result += this.#take()
    }
    return result
  }

  #step(): void {
    const character = this.#peek()
    if (character === "'") this.#add(this.#single())
    else if (character === '"') this.#add(this.#double())
    else if (character === '$') this.#addExpanded(this.#dollar())
    else if (character === this.#expansion.escape) {
      this.#at++
      if (this.#at < this.#text.length) this.#add(this.#take())
    } else if (this.#split && /\s/.test(character)) {
      this.#at++
      this.#endWord()
    } else this.#add(this.#take())
  }

  #add(text: string): void {
    this.#word += text
    this.#begun = true
  }

  /** A value that was not quoted is split like the rest. */
  #addExpanded(value: string): void {
    if (!this.#split) return this.#add(value)
    for (const part of value.split(/(\s+)/)) {
      if (/^\s+$/.test(part)) this.#endWord()
      else if (part !== '') this.#add(part)
    }
  }

  #endWord(): void {
    if (this.#begun) this.#words.push(this.#word)
    this.#word = ''
    this.#begun = false
  }

  #peek(): string {
    return this.#text[this.#at] ?? ''
  }

  #take(): string {
    return this.#text[this.#at++] ?? ''
  }

  #single(): string {
    const end = this.#text.indexOf("'", this.#at + 1)
    if (end === -1) throw invalid('unexpected end of statement while looking for matching single-quote')
    const value = this.#text.slice(this.#at + 1, end)
    this.#at = end + 1
    return value
  }

  #double(): string {
    let value = ''
    this.#at++
    for (;;) {
      if (this.#at >= this.#text.length) throw invalid('unexpected end of statement while looking for matching double-quote')
      const character = this.#peek()
      if (character === '"') {
        this.#at++
        return value
      }
      if (character === '$') value += this.#dollar()
      else if (character === this.#expansion.escape) value += this.#escapedInQuotes()
      else value += this.#take()
    }
  }

  /** Inside double quotes only a quote, a dollar and the escape character itself can be escaped. */
  #escapedInQuotes(): string {
    const mark = this.#take()
    const next = this.#peek()
    return next !== '' && ['"', '$', mark].includes(next) ? this.#take() : mark
  }

  #dollar(): string {
    this.#at++
    if (this.#peek() === '{') return this.#braced()
    const name = this.#name()
    return name === '' ? '$' : (this.#expansion.lookup(name) ?? '')
  }

  #name(): string {
    const match = /^(?:[A-Za-z_][A-Za-z0-9_]*|[0-9]+|[@*#?$!-])/.exec(this.#text.slice(this.#at))?.[0] ?? ''
    this.#at += match.length
    return match
  }

  #braced(): string {
    const start = this.#at - 1
    this.#at++
    const name = this.#name()
    if (name === '') throw invalid(`${this.#text.slice(start)}: bad substitution`)
    const value = this.#expansion.lookup(name)
    const operator = /^(?:\}|:[-+?]|[-+?]|##|#|%%|%|\/\/|\/)/.exec(this.#text.slice(this.#at))?.[0]
    if (operator === undefined) {
      const found = this.#peek()
      throw invalid(found === '' ? "syntax error: missing '}'" : `unsupported modifier (${found}) in substitution`)
    }
    this.#at += operator.length
    return operator === '}' ? (value ?? '') : this.#modified(name, value, operator)
  }

  #modified(name: string, value: string | undefined, operator: string): string {
    if (operator.startsWith('/')) {
      const pattern = this.#until('/', true)
      return replaced(value ?? '', pattern, this.#until('}'), operator === '//')
    }
    if (operator.startsWith('#')) return withoutPrefix(value ?? '', this.#until('}', true), operator === '##')
    if (operator.startsWith('%')) return withoutSuffix(value ?? '', this.#until('}', true), operator === '%%')
    const word = this.#until('}')
    const given = operator.startsWith(':') ? value !== undefined && value !== '' : value !== undefined
    if (operator.endsWith('+')) return given ? word : ''
    if (given) return value ?? ''
    if (operator.endsWith('?')) throw invalid(`${name}: ${word === '' ? 'not allowed to be unset' : word}`)
    return word
  }

  /** The expanded text up to `end`, which is taken too. In a pattern, what was quoted or escaped is meant to the letter. */
  #until(end: string, pattern = false): string {
    const literal = (text: string): string => (pattern ? text.replaceAll(/[*?\\]/g, '\\$&') : text)
    let result = ''
    for (;;) {
      const character = this.#peek()
      if (character === end) {
        this.#at++
        return result
      }
      if (character === '') throw invalid("syntax error: missing '}'")
      // `${v/p}` replaces by nothing.
      if (character === '}' && end === '/') return result
      if (character === "'") result += literal(this.#single())
      else if (character === '"') result += literal(this.#double())
      else if (character === '$') result += this.#dollar()
      else if (character === this.#expansion.escape) {
        this.#at++
        result += literal(this.#take())
      } else result += this.#take()
    }
  }
}

function invalid(message: string): GalleyError {
  return new GalleyError('invalid', message, { code: 'dockerfile.expansion' })
}
