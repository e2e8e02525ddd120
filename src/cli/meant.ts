/**
 * Whether an option that every command has is among a command's own words. What follows the service of exec is another program's, and
 * the verb of compose has options of its own.
 */
export function isMeant(option: string, command: string, words: readonly string[]): boolean {
  const end = ['exec', 'run', 'compose'].includes(command) ? words.findIndex((word) => !word.startsWith('-')) : words.indexOf('--')
  return words.slice(0, end < 0 ? words.length : end).includes(option)
}
