import type { SolveStatus } from '#faces/galley/build/told.ts'

/** Shows a build while it goes on. */
export interface Display extends Disposable {
  show(status: SolveStatus): void
}
