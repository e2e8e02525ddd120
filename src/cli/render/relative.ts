/** Paths below the caller's directory are told from there on. */
export function relative(text: string, directory: string): string {
  return text.replaceAll(`${directory}/`, '')
}
