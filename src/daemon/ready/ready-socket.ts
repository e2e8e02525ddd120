/** Where callers find the ready process of a run directory; the launcher looks there too. */
export function readySocket(run: string): string {
  return `${run}/ready.sock`
}
