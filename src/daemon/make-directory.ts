import { existsSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { GalleyError, reasonOf } from '#base/error.ts'

/**
 * Makes a directory, and those above it, where they aren't there yet. Throws `unavailable`. One after the other, as Node tries for ever
 * to make several at once where the file system takes none, as proc.
 */
export function makeDirectory(directory: string, mode: number): void {
  const missing: string[] = []
  for (let path = directory; !existsSync(path); path = dirname(path)) missing.unshift(path)
  try {
    for (const path of missing) mkdirSync(path, { mode })
  } catch (cause) {
    if (existsSync(directory)) return
    const absurd = (cause as NodeJS.ErrnoException).code === 'ENOENT'
    const reason = absurd ? 'its file system takes no directories' : reasonOf(cause)
    throw new GalleyError('unavailable', `${directory} cannot be made: ${reason}`, {
      code: 'disk.read-only',
      subject: directory,
      advice: 'Make it writable, or name another directory: galley daemon --data DIR, --run DIR.',
      cause,
    })
  }
}
