import { mkdirSync } from 'node:fs'
import { messageOf } from '#base/error.ts'
import type { Log } from '#base/log.ts'
import { bringToDisk, keepInMemory } from '#host/files/in-memory.ts'
import { mountsBelow } from '#host/kernel/mounts-below.ts'

/** Directories in which each container, and each exec session, makes and deletes up to a dozen small files. */
const busy = ['containers', 'crun', 'held', 'names', 'netns']

/**
 * Keeps the busy directories of a run directory in memory, as /run itself is on most hosts. Where it isn't, a start and an end waited
 * for the disk: a file system that tells the disk of freed blocks (`discard`) does so before the deletion is done, and ext4 without a
 * journal looks for a new file's inode past all that were deleted in the last minutes. A directory that has something in it stays as
 * it is: its files may be in use.
 */
export function keepBusyInMemory(run: string, log: Log): void {
  for (const name of busy) {
    mkdirSync(`${run}/${name}`, { recursive: true, mode: 0o700 })
    try {
      keepInMemory(`${run}/${name}`)
    } catch (error) {
      log.warn('a directory is not kept in memory', { directory: `${run}/${name}`, error: messageOf(error) })
    }
  }
}

export function isBusyDirectory(run: string, path: string): boolean {
  return busy.some((name) => path === `${run}/${name}`)
}

/** Undoes it when nothing of the instance runs: how its processes ended is kept for the next daemon. */
export function bringBusyToDisk(run: string): void {
  for (const path of mountsBelow(`${run}/`)) if (isBusyDirectory(run, path)) bringToDisk(path)
}
