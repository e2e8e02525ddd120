import type { Line } from '#faces/galley/line.ts'

/** Draws what happens; what is shown stays correct when it is disposed. */
export interface Progress extends Disposable {
  draw(line: Line): void
}
