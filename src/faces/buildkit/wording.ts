/** Messages of the builder as BuildKit's users know them. */
export function worded(message: string): string {
  const [, command, code] = /^The command '(.*)' returned a non-zero code: (\d+)$/s.exec(message) ?? []
  if (command !== undefined) return `process ${JSON.stringify(command)} did not complete successfully: exit code: ${code}`
  // The lines below the first show the place, which clients of BuildKit do by themselves.
  return message.startsWith('dockerfile parse error') ? message.replace(/\n[\s\S]*$/, '') : message
}
