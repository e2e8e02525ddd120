import { constants } from 'node:os'
import { GalleyError } from '#base/error.ts'

/** `SIGTERM`, `term` and `15` all mean the same. Throws `invalid`. */
export function signalNumber(text: string): number {
  const number = /^\d+$/.test(text)
    ? Number(text)
    : (constants.signals as Record<string, number>)[`SIG${text.toUpperCase().replace(/^SIG/, '')}`]
  if (number === undefined || number < 1 || number > 64) throw new GalleyError('invalid', `invalid signal: ${text}`, { subject: text })
  return number
}
