import { pieces, templateError, type Piece, type Token } from './tokens.ts'

/** A part of a template that is carried out. */
export type Part =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'print'; readonly pipeline: Pipeline }
  | {
      readonly kind: 'if' | 'with' | 'range'
      readonly pipeline: Pipeline
      readonly body: readonly Part[]
      readonly otherwise: readonly Part[]
    }

/** Commands, each with what the one before gave as its last argument. */
export interface Pipeline {
  /** Variables that it is given to; two of a range, which has an index. */
  readonly names: readonly string[]
  /** Whether they begin here. */
  readonly declares: boolean
  readonly commands: readonly (readonly Operand[])[]
}

export type Operand = Exclude<Token, { readonly kind: 'sign' }> | { readonly kind: 'pipeline'; readonly pipeline: Pipeline }

const blocks = ['if', 'with', 'range'] as const

/** Reads a Go template. Throws `invalid` for what is none, `not implemented` for templates inside of it. */
export function parseTemplate(text: string): readonly Part[] {
  const reader = new Reader(pieces(text))
  const { parts, end } = reader.parts()
  if (end !== undefined) throw templateError(`unexpected {{${end.keyword}}}`)
  return parts
}

/** What closes a list of parts: `end`, or `else` with what follows it. */
interface End {
  readonly keyword: 'end' | 'else'
  readonly rest: readonly Token[]
}

class Reader {
  readonly #pieces: readonly Piece[]
  #at = 0

  constructor(all: readonly Piece[]) {
    this.#pieces = all
  }

  parts(): { readonly parts: Part[]; readonly end: End | undefined } {
    const parts: Part[] = []
    for (;;) {
      const piece = this.#pieces[this.#at++]
      if (piece === undefined) return { parts, end: undefined }
      if (piece.kind === 'text') parts.push(piece)
      else {
        const [first, ...rest] = piece.words
        const keyword = first?.kind === 'name' ? first.name : ''
        if (keyword === 'end' || keyword === 'else') return { parts, end: { keyword, rest } }
        parts.push(this.#part(keyword, piece.words))
      }
    }
  }

  #part(keyword: string, words: readonly Token[]): Part {
    if (['define', 'template', 'block', 'break', 'continue'].includes(keyword))
      throw templateError(`{{${keyword}}} is not implemented by Galley`)
    const kind = blocks.find((one) => one === keyword)
    return kind === undefined ? { kind: 'print', pipeline: pipelineOf(words) } : this.#block(kind, words.slice(1))
  }

  #block(kind: (typeof blocks)[number], words: readonly Token[]): Part {
    const pipeline = pipelineOf(words)
    const { parts: body, end } = this.parts()
    if (end === undefined) throw templateError('unexpected EOF')
    return { kind, pipeline, body, otherwise: end.keyword === 'end' ? [] : this.#otherwise(end.rest) }
  }

  /** What stands behind `else`, which may be another question. */
  #otherwise(rest: readonly Token[]): readonly Part[] {
    const [first, ...words] = rest
    if (first !== undefined) {
      if (first.kind !== 'name' || (first.name !== 'if' && first.name !== 'with')) throw templateError('unexpected words behind {{else}}')
      return [this.#block(first.name, words)]
    }
    const { parts, end } = this.parts()
    if (end?.keyword !== 'end') throw templateError(end === undefined ? 'unexpected EOF' : 'unexpected {{else}}')
    return parts
  }
}

/** `$i, $x := A | B C`. */
function pipelineOf(words: readonly Token[]): Pipeline {
  const at = words.findIndex((token) => token.kind === 'sign' && (token.sign === ':=' || token.sign === '='))
  const sign = words[at]
  const names = words.slice(0, Math.max(at, 0)).flatMap((token) => (token.kind === 'variable' ? [token.name] : []))
  const { pipeline, rest } = commandsOf(words.slice(at + 1))
  if (rest.length > 0) throw templateError('unexpected ")"')
  return { ...pipeline, names, declares: sign?.kind === 'sign' && sign.sign === ':=' }
}

/** Up to the parenthesis that closes it. */
function commandsOf(words: readonly Token[]): { readonly pipeline: Pipeline; readonly rest: readonly Token[] } {
  const commands: Operand[][] = [[]]
  let left = words
  for (;;) {
    const [token, ...rest] = left
    if (token === undefined || (token.kind === 'sign' && token.sign === ')')) break
    left = rest
    const last = commands.at(-1)
    if (token.kind !== 'sign') last?.push(token)
    else if (token.sign === '|') commands.push([])
    else if (token.sign === '(') {
      const inner = commandsOf(left)
      if (inner.rest.length === 0) throw templateError('unclosed left paren')
      last?.push({ kind: 'pipeline', pipeline: inner.pipeline })
      left = inner.rest.slice(1)
    } else throw templateError(`unexpected "${token.sign}"`)
  }
  if (commands.some((command) => command.length === 0)) throw templateError('missing value for command')
  return { pipeline: { names: [], declares: false, commands }, rest: left }
}
