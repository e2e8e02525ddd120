import { GalleyError } from '#base/error.ts'
import { inWords } from './words.ts'

/**
 * Asks a question on the terminal; whatever is not yes is no. Nobody is asked where nobody can answer: `what` is in the way there. Throws
 * `invalid` then, with the switch that says so beforehand.
 */
export async function confirmed(question: string, { what, by }: { readonly what: string; readonly by: string }): Promise<boolean> {
  if (!process.stdin.isTTY)
    throw new GalleyError('invalid', what, { code: 'cli.no-terminal', advice: `Say so with ${by}: there is no terminal to ask on.` })
  const { createInterface } = await import('node:readline/promises')
  using lines = createInterface({ input: process.stdin, output: process.stderr })
  return /^y(es)?$/i.test(await lines.question(inWords(question)))
}
