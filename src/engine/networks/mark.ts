/** What an instance's bridges, and its rules in other programs' chains, are marked with. */
export function markOf(instance: string): string {
  return `galley:${instance}`
}
