/** Sends a signal to a process, or to the process group of a negative number, unless it has gone by itself. */
export function sendSignal(pid: number, signal: NodeJS.Signals | number): void {
  try {
    process.kill(pid, signal)
  } catch {
    // It has.
  }
}
