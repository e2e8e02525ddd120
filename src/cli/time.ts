import { GalleyError } from '#base/error.ts'
import { momentIn } from '#base/moment.ts'

/** Seconds since the epoch, as the Engine API takes them: of a date, or so long ago. Throws `invalid`. */
export function secondsOf(text: string): string {
  const time = momentIn(text, Date.now())
  if (time === undefined)
    throw new GalleyError('invalid', `invalid value for "since" or "until": ${text}`, {
      code: 'cli.option-value',
      subject: text,
      advice: 'A time is written 2026-01-31T15:04:05, or 10m and 2h for as long ago.',
    })
  return String(time / 1000)
}
