const isLetter = (character: string): boolean => /\p{L}/u.test(character)
const isDigit = (character: string): boolean => /\p{Nd}/u.test(character)

/** The alphabet's order in which Docker Compose writes names in YAML: numbers by their value, other signs before letters. */
export function byName(a: string, b: string): number {
  const [left, right] = [[...a], [...b]]
  const first = left.findIndex((character, index) => character !== right[index])
  if (first < 0) return left.length - right.length
  if (first >= right.length) return 1
  const [one = '', other = ''] = [left[first], right[first]]
  if (isLetter(one) && isLetter(other)) return byCode(one, other)
  // Behind a number, a letter comes before another sign: "1a" before "1-".
  const afterDigit = first > 0 && isDigit(left[first - 1] ?? '')
  if (isLetter(one) || isLetter(other)) return isLetter(one) === afterDigit ? -1 : 1
  return byNumber(left, right, first) || byCode(one, other)
}

/** A number is worth more the longer it is, zeros before it apart. */
function byNumber(left: readonly string[], right: readonly string[], at: number): number {
  const digits = (text: readonly string[]): string => /^\d*/.exec(text.slice(at).join(''))?.[0] ?? ''
  const [mine, theirs] = [digits(left), digits(right)]
  // A zero in the middle of a number counts, one in front of it doesn't.
  const inside = (left[at] === '0' || right[at] === '0') && /[1-9]\d*$/.test(left.slice(0, at).join('')) ? '1' : ''
  return Number(`${inside}${mine}` || 0) - Number(`${inside}${theirs}` || 0) || mine.length - theirs.length
}

/** By bytes of UTF-8, as Go sorts. */
export function byCode(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}
