import { chmodSync, existsSync, mkdirSync, mkdtempSync, renameSync } from 'node:fs'
import { deleteTree } from '#host/files/discard.ts'

/** A directory below `cache` that is filled once and kept; one that is half filled is never seen. Resolves with its path. */
export async function keptOnce(cache: string, key: string, fill: (path: string) => void | Promise<void>): Promise<string> {
  const place = `${cache}/${key}`
  if (existsSync(place)) return place
  mkdirSync(cache, { recursive: true, mode: 0o700 })
  const half = mkdtempSync(`${cache}/.half-`)
  try {
    await fill(half)
    chmodSync(half, 0o700)
    renameSync(half, place)
  } catch (error) {
    await deleteTree(half)
    // Another command was quicker.
    if (!existsSync(place)) throw error
  }
  return place
}
