import { GalleyError, isDiskFull, makeRoom } from '#base/error.ts'

/** Rethrows; a disk without room is no fault of ours, and over when there is room again. */
export function fullDisk(error: unknown): never {
  throw isDiskFull(error) ? noRoom(error) : error
}

/** What is thrown for a blob that the disk has no room for. */
export function noRoom(cause?: unknown): GalleyError {
  return new GalleyError('unavailable', 'write blob: no space left on device', { code: 'disk.full', advice: makeRoom, cause })
}
