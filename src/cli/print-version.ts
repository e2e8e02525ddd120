import { version } from '#base/version.ts'

/** What `galley --version` prints, and `galley version` without more words; resolves with the exit code. */
export function printVersion(): number {
  process.stdout.write(`galley ${version()}\n`)
  return 0
}

/** Whether only that is asked for. */
export function asksForVersion(name: string, args: readonly string[]): boolean {
  return name === '--version' || name === '-v' || (name === 'version' && args.length === 0)
}
