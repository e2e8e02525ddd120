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
}

/** A mistake in a Dockerfile: the first line is worded as Docker's, the rest shows the place. */
export function parseError(place: Place, problem: string): GalleyError {
  const number = String(place.line)
  // Tabs stay tabs, so that the carets stand below what they mean.
  const before = place.text.slice(0, place.column - 1).replaceAll(/[^\t]/g, ' ')
  const carets = '^'.repeat(Math.max(1, Math.min(place.length, place.text.length - place.column + 1)))
  return new GalleyError(
    'invalid',
    `dockerfile parse error on line ${number}: ${problem}\n ${number} | ${place.text}\n ${' '.repeat(number.length)} | ${before}${carets}`,
    { code: 'dockerfile.parse', subject: number },
  )
}

/** ` (did you mean FROM?)` when one of the names is close enough to be meant, else an empty text. */
export function didYouMean(wrong: string, names: readonly string[]): string {
  const name = nearest(wrong, names)
  return name === undefined ? '' : ` (did you mean ${name}?)`
}
