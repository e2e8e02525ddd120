import { callerEnvironment } from './caller-environment.ts'

/** What `--env` says, as `NAME=VALUE`: a bare name has the caller's value, and is left out where there is none. */
export function givenVariables(words: readonly string[]): string[] {
  const shell = callerEnvironment()
  return words.flatMap((word) => (word.includes('=') ? word : shell[word] === undefined ? [] : `${word}=${shell[word]}`))
}
