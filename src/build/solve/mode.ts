import { GalleyError } from '#base/error.ts'

/** The mode that `--chmod` gives an entry of mode `mode`; `X` needs to know what the entry is. */
export type ChangeMode = (mode: number, isDirectory: boolean) => number

const everyone = { u: 0o700, g: 0o070, o: 0o007 } as const
const rights: Readonly<Record<string, number>> = { r: 0o444, w: 0o222, x: 0o111 }

/** Reads `755` or `u=rwX,go=rX` (chmod(1)). Throws `invalid`. */
export function parseMode(text: string): ChangeMode {
  if (/^[0-7]{1,5}$/.test(text)) {
    const mode = Number.parseInt(text, 8)
    if (mode <= 0o7777) return () => mode
  }
  const clauses = text.split(',').map((clause) => /^([ugoa]*)([-+=][rwxXst]*)+$/.exec(clause)?.[0])
  if (text === '' || clauses.includes(undefined)) {
    throw new GalleyError('invalid', `invalid chmod parameter: '${text}'. it should be octal string and between 0 and 07777`, {
      subject: text,
    })
  }
  return (mode, isDirectory) => clauses.reduce((result, clause = '') => applied(result, clause, isDirectory), mode)
}

function applied(mode: number, clause: string, isDirectory: boolean): number {
  const who = /^[ugoa]*/.exec(clause)?.[0] ?? ''
  const mask = who === '' || who.includes('a') ? 0o777 : [...who].reduce((sum, letter) => sum | everyone[letter as 'u' | 'g' | 'o'], 0)
  let result = mode
  for (const [, operator, letters = ''] of clause.matchAll(/([-+=])([rwxXst]*)/g)) {
    let bits = 0
    for (const letter of letters) {
      if (letter === 's') bits |= (mask & 0o700 ? 0o4000 : 0) | (mask & 0o070 ? 0o2000 : 0)
      else if (letter === 't') bits |= 0o1000
      else if (letter === 'X') bits |= isDirectory || (result & 0o111) !== 0 ? 0o111 & mask : 0
      else bits |= (rights[letter] ?? 0) & mask
    }
    if (operator === '+') result |= bits
    else if (operator === '-') result &= ~bits
    else result = (result & ~mask) | bits
  }
  return result
}
