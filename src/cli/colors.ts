/** Whether anything has colours: not where NO_COLOR or COMPOSE_ANSI says never. */
export function mayHaveColors(): boolean {
  return (process.env['NO_COLOR'] ?? '') === '' && process.env['COMPOSE_ANSI'] !== 'never'
}

/** Whether what is written there has colours: a terminal, or anything where COMPOSE_ANSI says always. */
export function hasColors(stream: NodeJS.WriteStream): boolean {
  return mayHaveColors() && (stream.isTTY || process.env['COMPOSE_ANSI'] === 'always')
}
