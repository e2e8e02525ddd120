import { nanosecondsOf } from './duration.ts'
import { GalleyError } from './error.ts'

/** A moment as Docker's options take it: seconds since the epoch, a date, or a duration before `now`. Milliseconds; undefined for anything else. */
export function momentIn(text: string, now: number): number | undefined {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1000
  const ago = nanosecondsOf(text)
  const moment = ago === undefined ? Date.parse(text) : now - ago / 1e6
  return Number.isNaN(moment) ? undefined : moment
}

/** The same. Throws `invalid` in moby's words (api/types/time/timestamp.go). */
export function momentOf(text: string, now: number): number {
  const moment = momentIn(text, now)
  if (moment === undefined) throw new GalleyError('invalid', `failed to parse value as time or duration: "${text}"`, { subject: text })
  return moment
}
