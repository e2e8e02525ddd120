import type { Scalar } from './tree.ts'

type Resolved = Pick<Scalar, 'value' | 'text'>

const words: ReadonlyMap<string, Scalar['value']> = new Map<string, Scalar['value']>([
  ...['', '~', 'null', 'Null', 'NULL'].map((word) => [word, null] as const),
  ...['true', 'True', 'TRUE'].map((word) => [word, true] as const),
  ...['false', 'False', 'FALSE'].map((word) => [word, false] as const),
])

const decimal = /^[-+]?(?:0|[1-9][0-9]*)$/
const otherBase = /^([-+]?)0(x[0-9a-fA-F]+|b[01]+|o?[0-7]+)$/
const float = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/

/**
 * What an unquoted scalar is, as the YAML reader of Docker Compose takes it: 1.2's words, `0777` octal, `1_000` a number, and neither
 * `yes` a flag nor `22:30` a number, which YAML 1.1 would make of them.
 */
export function resolvePlain(source: string): Resolved {
  const word = words.get(source)
  if (word !== undefined) return { value: word }
  if (!/^[-+.0-9]/.test(source)) return { value: source }
  const bare = source.replaceAll('_', '')
  if (decimal.test(bare)) return integer(bare)
  const based = otherBase.exec(bare)
  if (based !== null) return integer(`${based[1]}${BigInt(literal(based[2] ?? ''))}`)
  return float.test(bare) ? real(Number(bare)) : { value: source }
}

/** JavaScript writes octal with an `o`. */
function literal(digits: string): string {
  return /^[xbo]/.test(digits) ? `0${digits}` : `0o${digits}`
}

/** One that JavaScript can't hold exactly keeps its text. */
function integer(text: string): Resolved {
  const value = Number(text)
  return Number.isSafeInteger(value) ? { value } : { value, text: text.replace('+', '') }
}

function real(value: number): Resolved {
  return { value, text: realText(value) }
}

/** Go's text of a floating-point number: with an exponent from a million on, and below 0.0001. */
export function realText(value: number): string {
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf'
  const [mantissa = '', exponent = '0'] = value.toExponential().split('e')
  const power = Number(exponent)
  if (value === 0 || (power >= -4 && power < 6)) return String(value)
  return `${mantissa}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`
}
