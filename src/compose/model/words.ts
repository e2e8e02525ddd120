/**
 * Splits a command line into words as a POSIX shell quotes them, without carrying anything out; a `command:` or `entrypoint:` that is
 * one string is read so (compose-spec, 05-services, command). Undefined when a quote is not closed.
 */
export function splitWords(text: string): string[] | undefined {
  const words: string[] = []
  const token = /\s+|'([^']*)'|"((?:[^"\\]|\\[\s\S])*)"|\\([\s\S])|([^\s'"\\]+)/y
  let word: string | undefined
  while (token.lastIndex < text.length) {
    const match = token.exec(text)
    if (match === null) return undefined
    const [, single, double, escaped, plain] = match
    const piece = single ?? double?.replaceAll(/\\(["\\$`\n])/g, '$1') ?? escaped ?? plain
    if (piece !== undefined) word = (word ?? '') + piece
    else if (word !== undefined) {
      words.push(word)
      word = undefined
    }
  }
  return word === undefined ? words : [...words, word]
}
