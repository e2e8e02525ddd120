/** What a shell would do something else at: Docker Compose takes nothing from there on. */
const operators = ';&|<>'

/**
 * Splits a command line into words as Docker Compose does (compose-spec, 05-services, command): quotes and backslashes as in a shell,
 * nothing carried out, variables left alone, and the line ends at the first of `;`, `&`, `|`, `<` and `>`. Undefined when a quote or a
 * parenthesis is not closed.
 */
export function splitWords(text: string): string[] | undefined {
  return split(text)?.words
}

/** Where a command line ends before its text does. */
export function endOfWords(text: string): number {
  return split(text)?.end ?? text.length
}

function split(text: string): { readonly words: string[]; readonly end: number } | undefined {
  const words: string[] = []
  const token = /\s+|'([^']*)'|"((?:[^"\\]|\\[\s\S])*)"|\\([\s\S])|(`[^`]*`|\$\([^)]*\))|([^\s'"\\`();&|<>]+)/y
  let word: string | undefined
  let end = 0
  while (end < text.length) {
    token.lastIndex = end
    const next = text[end] ?? ''
    if (operators.includes(next)) {
      // The number of a redirected stream is no word.
      if (next === '>' && /^\d/.test(word ?? '')) word = undefined
      break
    }
    const match = token.exec(text)
    if (match === null) return undefined
    end = token.lastIndex
    const [, single, double, escaped, kept, plain] = match
    const piece = single ?? double?.replaceAll(/\\([\s\S])/g, '$1') ?? escaped ?? kept ?? plain
    if (piece !== undefined) word = (word ?? '') + piece
    else if (word !== undefined) {
      words.push(word)
      word = undefined
    }
  }
  return { words: word === undefined ? words : [...words, word], end }
}
