import { GalleyError } from '#base/error.ts'

/** When `--pull` says that images are pulled; undefined where the services say so themselves, which docker compose calls `policy`. Throws `invalid`. */
export function pullWish(word: string | undefined): 'always' | 'missing' | 'never' | undefined {
  if (word === undefined || word === 'policy') return undefined
  if (word === 'always' || word === 'missing' || word === 'never') return word
  throw new GalleyError('invalid', `--pull takes always, missing or never, not "${word}"`, { code: 'cli.option-value', subject: word })
}
