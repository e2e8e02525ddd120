import { closeSync, openSync, readSync } from 'node:fs'
import { isatty } from 'node:tty'
import { GalleyError } from '#base/error.ts'
import { inWords } from './words.ts'

/**
 * Asks a question on the terminal; whatever is not yes is no. Nobody is asked where nobody can answer: `what` is in the way there. Throws
 * `invalid` then, with the switch that says so beforehand.
 */
export async function confirmed(question: string, { what, by }: { readonly what: string; readonly by: string }): Promise<boolean> {
  if (!isatty(0))
    throw new GalleyError('invalid', what, { code: 'cli.no-terminal', advice: `Say so with ${by}: there is no terminal to ask on.` })
  await new Promise<void>((resolve) => process.stderr.write(inWords(question), () => resolve()))
  return /^y(es)?$/i.test(lineFromTerminal().trim())
}

/** Opened anew: a copy of the ready process has a `process.stdin` of its own, which is none of the caller's, and Node's reads don't block. */
function lineFromTerminal(): string {
  const terminal = openSync('/proc/self/fd/0', 'r')
  try {
    const chunk = Buffer.alloc(1024)
    let line = ''
    while (!line.includes('\n')) {
      const count = readSync(terminal, chunk)
      if (count === 0) break
      line += chunk.toString('utf8', 0, count)
    }
    return line
  } finally {
    closeSync(terminal)
  }
}
