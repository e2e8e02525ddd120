import { inWords } from './words.ts'

/** Prints a line of Galley's own in the reader's language; resolves with the exit code for what went well. */
export function say(line: string, stream: NodeJS.WriteStream = process.stdout): number {
  stream.write(`${inWords(line)}\n`)
  return 0
}
