import type { Progress } from './progress.ts'

/** Draws nothing: what failed is explained, and addresses are printed, after all. */
export class QuietProgress implements Progress {
  draw(): void {
    // Nothing is shown.
  }

  [Symbol.dispose](): void {
    // Nothing is held.
  }
}
