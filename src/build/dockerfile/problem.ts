import { GalleyError } from '#base/error.ts'
import { nearest } from '#base/nearest.ts'

/** Where something stands in a Dockerfile; both count from 1. */
export interface Position {
  readonly line: number
  readonly column: number
}

/** A stretch of a Dockerfile that a message points at. */
export interface Place extends Position {
  /** Characters to underline. */
  readonly length: number
  /** The whole line, as written. */
  readonly text: string
  /** The last line of what it belongs to, when that goes on over several. */
  readonly lastLine?: number
}

const places = new WeakMap<object, Place>()

/** Remembers where in the Dockerfile an error comes from, unless that is known more exactly already. Returns the error. */
export function withPlace(error: unknown, place: Place): unknown {
  if (typeof error === 'object' && error !== null && !places.has(error)) places.set(error, place)
  return error
}

/** Where in the Dockerfile a build's failure comes from; undefined for one that comes from elsewhere. */
export function placeOf(error: unknown): Place | undefined {
  return typeof error === 'object' && error !== null ? places.get(error) : undefined
}

/** A mistake in a Dockerfile: the first line is worded as Docker's, the rest shows the place. */
export function parseError(place: Place, problem: string): GalleyError {
  const number = String(place.line)
  // Tabs stay tabs, so that the carets stand below what they mean.
  const before = place.text.slice(0, place.column - 1).replaceAll(/[^\t]/g, ' ')
  const carets = '^'.repeat(Math.max(1, Math.min(place.length, place.text.length - place.column + 1)))
  const said = `dockerfile parse error on line ${number}: ${problem}`
  const shown = [` ${number} | ${place.text}`, ` ${' '.repeat(number.length)} | ${before}${carets}`]
  const error = new GalleyError('invalid', [said, ...shown].join('\n'), { code: 'dockerfile.parse', subject: number })
  places.set(error, place)
  return error
}

/** ` (did you mean FROM?)` when one of the names is close enough to be meant, else an empty text. */
export function didYouMean(wrong: string, names: readonly string[]): string {
  const name = nearest(wrong, names)
  return name === undefined ? '' : ` (did you mean ${name}?)`
}
