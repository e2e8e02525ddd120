/** A literal of a source, with `{}` for what is put in, and the code before it. */
export interface Literal {
  readonly text: string
  readonly before: string
  /** The functions and classes into whose arguments it is written, the outermost first. */
  readonly calls: readonly string[]
}

/** All string and template literals of a TypeScript source, inner ones too. Comments and regular expressions are passed over. */
export function literalsOf(source: string): Literal[] {
  const found: Literal[] = []
  let at = 0
  const calls: string[] = []
  const before = (start: number): string => source.slice(Math.max(0, start - 120), start)
  const code = (closing: string | undefined): void => {
    let depth = 0
    while (at < source.length) {
      const char = source[at] ?? ''
      const two = source.slice(at, at + 2)
      if (two === '//') at = source.indexOf('\n', at)
      else if (two === '/*') at = source.indexOf('*/', at) + 2
      else if (char === "'" || char === '"') quoted(char)
      else if (char === '`') template()
      else if (char === '/' && /(?:=>|[(,=:[!&|?{};\n])\s*$|\breturn\s*$/.test(source.slice(Math.max(0, at - 20), at))) regularExpression()
      else if (char === '}' && depth === 0 && closing !== undefined) return
      else {
        if (char === '{') depth++
        if (char === '}') depth--
        if (char === '(') calls.push(/[\w.#?]*$/.exec(source.slice(Math.max(0, at - 60), at))?.[0] ?? '')
        if (char === ')') calls.pop()
        at++
      }
      if (at < 0) at = source.length
    }
  }
  const quoted = (mark: string): void => {
    const start = at++
    let text = ''
    while (at < source.length && source[at] !== mark)
      text += source[at] === '\\' ? escaped(source[++at] ?? '', () => at++) : (source[at++] ?? '')
    at++
    found.push({ text, before: before(start), calls: [...calls] })
  }
  const template = (): void => {
    const start = at++
    let text = ''
    while (at < source.length && source[at] !== '`') {
      if (source[at] === '\\') text += escaped(source[++at] ?? '', () => at++)
      else if (source.slice(at, at + 2) === '${') {
        at += 2
        code('}')
        at++
        text += '{}'
      } else text += source[at++] ?? ''
    }
    at++
    found.push({ text, before: before(start), calls: [...calls] })
  }
  const regularExpression = (): void => {
    at++
    for (let inClass = false; at < source.length && (source[at] !== '/' || inClass); at++) {
      if (source[at] === '\\') at++
      else if (source[at] === '[') inClass = true
      else if (source[at] === ']') inClass = false
    }
    at++
  }
  code(undefined)
  return found
}

/** The character behind a backslash, as it is meant. */
function escaped(char: string, step: () => void): string {
  step()
  return { n: '\n', t: '\t', r: '\r' }[char] ?? char
}
