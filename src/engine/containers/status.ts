import type { Container } from './model.ts'

/** Whether it has processes: it runs, or is paused. */
export function hasProcesses({ state: { status } }: Container): boolean {
  return status === 'running' || status === 'paused'
}

/** As the Engine API's `Running` has it: it has processes, or its restart policy is about to start it again. */
export function isRunning(container: Container): boolean {
  return hasProcesses(container) || container.state.status === 'restarting'
}
