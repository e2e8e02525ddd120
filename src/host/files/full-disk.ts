import { statfsSync } from 'node:fs'
import { GalleyError, isDiskFull, makeRoom } from '#base/error.ts'

/**
 * A write that failed for want of room, with how full the disk of `directory` is and what helps; any other error as it is.
 */
function asFullDisk(error: unknown, directory: string): unknown {
  const { code } = (error ?? {}) as { readonly code?: unknown }
  if (!isDiskFull(error) || measured.has(error as object)) return error
  const told = error instanceof GalleyError ? error.message : code === 'EDQUOT' ? 'disk quota exceeded' : 'no space left on device'
  const room = roomOf(directory)
  const shown = new GalleyError('unavailable', room === undefined ? told : `${told} (${room})`, {
    code: 'disk.full',
    subject: directory,
    advice: (error instanceof GalleyError ? error.advice : undefined) ?? makeRoom,
    cause: error,
  })
  measured.add(shown)
  return shown
}

/** Does a task whose writes go to the disk of `directory`. Throws what it throws, as `asFullDisk` has it. */
export async function withRoomTold<T>(directory: string, task: () => Promise<T>): Promise<T> {
  try {
    return await task()
  } catch (error) {
    throw asFullDisk(error, directory)
  }
}

/** Errors that say how full the disk is. */
const measured = new WeakSet<object>()

/** What is left of a file system, for people: bytes, or names where those have run out; undefined where nothing tells. */
export function roomOf(directory: string): string | undefined {
  try {
    const { bavail, blocks, bsize, files, ffree } = statfsSync(directory)
    if (files > 0 && ffree === 0) return `no inode of ${files} is free on the disk with ${directory}`
    return `${size(bavail * bsize)} of ${size(blocks * bsize)} are free on the disk with ${directory}`
  } catch {
    return undefined
  }
}

function size(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  const power = bytes < 1000 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3))
  return `${Number((bytes / 1000 ** power).toPrecision(3))} ${units[power]}`
}
