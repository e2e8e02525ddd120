import { rm } from 'node:fs/promises'

/** Deletes a tree in the background. What a crash leaves over is deleted at the next start, as it lies among the trash. */
export function discard(path: string): void {
  rm(path, { recursive: true, force: true }).catch(() => undefined)
}
