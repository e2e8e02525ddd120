import { GalleyError } from '#base/error.ts'

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
  const close = names
    .map((name) => ({ name, distance: editDistance(wrong.toLowerCase(), name.toLowerCase()) }))
    .filter(({ name, distance }) => distance <= Math.max(1, Math.floor(Math.min(name.length, wrong.length) / 2)) && distance <= 3)
    .toSorted((a, b) => a.distance - b.distance)[0]
  return close === undefined ? '' : ` (did you mean ${close.name}?)`
}

/** Edits (insert, delete, replace, swap of neighbours) that lead from one word to the other. */
export function editDistance(a: string, b: string): number {
  let [before, previous] = [[] as number[], Array.from({ length: b.length + 1 }, (_, index) => index)]
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1
      let best = Math.min((previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (previous[j - 1] ?? 0) + cost)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) best = Math.min(best, (before[j - 2] ?? 0) + 1)
      row.push(best)
    }
    ;[before, previous] = [previous, row]
  }
  return previous[b.length] ?? 0
}
