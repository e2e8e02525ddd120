/** What `--env` says, as `NAME=VALUE`: a bare name has the value that it has in `shell`, and is left out where there is none. */
export function givenVariables(words: readonly string[], shell: Readonly<Record<string, string | undefined>>): string[] {
  return words.flatMap((word) => (word.includes('=') ? word : shell[word] === undefined ? [] : `${word}=${shell[word]}`))
}
