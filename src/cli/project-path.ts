import { parallelLimit } from './parallel-limit.ts'

/** Path of a command of Galley's own API about a project, with how much of it may go on at once. Throws `invalid`. */
export function projectPath(project: string, command: 'up' | 'down' | 'plan' | 'images' | 'run'): string {
  const limit = parallelLimit()
  return `/galley/v1/projects/${project}/${command}${limit === undefined ? '' : `?parallel=${limit}`}`
}

/** The same with nothing done: what would be is told. */
export function rehearsalPath(project: string, command: 'down' | 'plan' | 'images' | 'run'): string {
  return `/galley/v1/projects/${project}/${command}?dry-run=1`
}
