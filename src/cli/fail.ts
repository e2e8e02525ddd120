import { GalleyError, idOf, kindOf, messageOf, reasonOf, type ErrorKind } from '#base/error.ts'
import { nearest } from '#base/nearest.ts'
import { relative } from './render/relative.ts'
import { columnsOf, wrapped } from './render/wrap.ts'
import { inWords } from './words.ts'

/** Exit codes of galley's own commands. */
export const exitCodes: Readonly<Record<ErrorKind, number>> = {
  invalid: 2,
  'not found': 3,
  unauthenticated: 4,
  forbidden: 4,
  'already exists': 5,
  conflict: 5,
  unchanged: 0,
  expired: 1,
  'too large': 1,
  throttled: 1,
  unavailable: 1,
  timeout: 7,
  'not implemented': 1,
  internal: 1,
}

/**
 * Says what went wrong, what to try and where to read more, or all of it as one JSON object where the command's words ask for JSON;
 * resolves with the exit code, which is `code` for all that is a failure, if it is given.
 */
export function fail(thrown: unknown, words: readonly string[] = [], code?: number): number {
  const error = withDirectory(thrown)
  const [kind, id] = [kindOf(error), idOf(error)]
  const exitCode = exitCodes[kind] === 0 ? 0 : (code ?? exitCodes[kind])
  const advice = error instanceof GalleyError ? error.advice : undefined
  const isBug = kind === 'internal' && error instanceof Error && !(error instanceof GalleyError) && !('syscall' in error)
  const message = isBug ? (error.stack ?? error.message) : withShortIds(toldBy(error))
  const more = `galley explain ${id}`
  process.stderr.write(
    wantsJson(words)
      ? `${JSON.stringify({ type: 'error', id, kind, message, advice, more, exitCode })}\n`
      : `${broken(`galley: ${inWords(message)}`)}${advice === undefined ? '' : `\n${broken(`${inWords('hint:')} ${inWords(advice)}`)}`}\n${inWords('more:')} ${more}\n`,
  )
  return exitCode
}

/** At spaces, where a terminal would break words; paths are told from here on. */
function broken(text: string): string {
  const columns = columnsOf(process.stderr)
  return fromHere(text)
    .split('\n')
    .map((line) => wrapped(line, columns, 2))
    .join('\n')
}

function fromHere(text: string): string {
  try {
    return relative(text, process.cwd())
  } catch {
    // The directory may be what is gone.
    return text
  }
}

/** Whatever looks for a relative path fails where there is no directory to look from. */
function withDirectory(error: unknown): unknown {
  if ((error as NodeJS.ErrnoException).syscall !== 'uv_cwd') return error
  return new GalleyError('not found', 'the directory that you are in was deleted', {
    code: 'cli.no-directory',
    advice: 'Go into another one; cd "$PWD" goes into the one that is there in its place.',
    cause: error,
  })
}

/** What the system refused and nobody caught is told with the file that it is about. */
function toldBy(error: unknown): string {
  const { syscall, path } = error as NodeJS.ErrnoException
  return syscall === undefined || error instanceof GalleyError ? messageOf(error) : `${path ?? syscall}: ${reasonOf(error)}`
}

/** The engine names containers by their whole ids, as its clients expect. Digests, which have an algorithm before them, stay. */
function withShortIds(text: string): string {
  return text.replaceAll(/(?<![:\w])([0-9a-f]{12})[0-9a-f]{52}(?!\w)/g, '$1')
}

/** Whether a program reads what is printed. */
function wantsJson(words: readonly string[]): boolean {
  const own = words.slice(0, words.includes('--') ? words.indexOf('--') : words.length)
  return /(^| )(--json|-o[ =]?json|--(output|progress|format)[ =]json)( |$)/.test(own.join(' '))
}

const ofDocker =
  /^(?:builder|buildx|container|context|docker|history|image|info|inspect|load|login|logout|network|rename|rmi|save|search|system|tag|update|volume)$/

/** For a word that is none of the commands. */
export function unknownCommand(word: string, commands: readonly string[]): GalleyError {
  return new GalleyError('invalid', `'${word}' is not a galley command`, {
    code: 'cli.unknown-command',
    subject: word,
    advice: insteadOf(word, commands),
  })
}

function insteadOf(word: string, commands: readonly string[]): string {
  if (word.startsWith('-')) return 'Options stand behind the command: galley up -f FILE.'
  if (ofDocker.test(word)) return dockerInstead(word === 'docker' ? word : `docker ${word}`)
  const meant = nearest(word, commands)
  return `${meant === undefined ? '' : `Did you mean ${meant}? `}galley help lists the commands.`
}

/** How docker's own commands reach Galley. */
export function dockerInstead(command: string): string {
  return `docker does that, and works with Galley: eval "$(galley env)", then ${command}`
}
