/** Shell patterns of `${v#p}` and its relatives: `*`, `?`, and a backslash before a character that is meant as such. */
function source(pattern: string, many: string): string {
  return pattern.replaceAll(/\\?[\s\S]/g, (token) => {
    if (token === '*') return many
    if (token === '?') return '[\\s\\S]'
    return RegExp.escape(token.length > 1 ? token.slice(1) : token)
  })
}

/** `value` without the shortest or longest beginning that fits. */
export function withoutPrefix(value: string, pattern: string, longest: boolean): string {
  return value.replace(new RegExp(`^(?:${source(pattern, longest ? '[\\s\\S]*' : '[\\s\\S]*?')})`), '')
}

/** `value` without the shortest or longest end that fits. */
export function withoutSuffix(value: string, pattern: string, longest: boolean): string {
  const whole = new RegExp(`^(?:${source(pattern, '[\\s\\S]*')})$`)
  const lengths = Array.from({ length: value.length + 1 }, (_, length) => length)
  for (const length of longest ? lengths.toReversed() : lengths)
    if (whole.test(value.slice(value.length - length))) return value.slice(0, value.length - length)
  return value
}

/** `value` with the first or every longest match replaced. An empty pattern matches nothing. */
export function replaced(value: string, pattern: string, replacement: string, every: boolean): string {
  if (pattern === '') return value
  let end = -1
  return value.replace(new RegExp(source(pattern, '[\\s\\S]*'), every ? 'g' : ''), (match, offset: number) => {
    // `*` takes everything; the empty rest right behind it is not replaced once more.
    const rest = match === '' && offset === end
    end = offset + match.length
    return rest ? '' : replacement
  })
}
