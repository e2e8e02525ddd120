import { rmSync } from 'node:fs'
import { rm } from 'node:fs/promises'

/** Deletes a tree, and resolves when it is gone; one that is not there is no error. */
export async function deleteTree(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true })
}

/** Deletes a small tree at once, blocking the thread. */
export function deleteNow(path: string): void {
  rmSync(path, { recursive: true, force: true })
}

/** Deletes a tree in the background. What a crash leaves over is deleted at the next start, as it lies among the trash. */
export function discard(path: string): void {
  deleteTree(path).catch(() => undefined)
}
