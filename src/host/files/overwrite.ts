import { closeSync, constants, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs'

/**
 * Gives a file, which is made when it is missing, another text. It stays the same file, as one that is mounted somewhere must, and has its old text again
 * when there is no room for the new one: emptied first, it would be left empty on a full disk. Throws the file system's errors.
 */
export function overwrite(path: string, text: string): void {
  const fd = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o644)
  try {
    const before = readFileSync(fd)
    try {
      put(fd, Buffer.from(text))
    } catch (error) {
      // The room that it had is still its own.
      put(fd, before)
      throw error
    }
  } finally {
    closeSync(fd)
  }
}

function put(fd: number, bytes: Buffer): void {
  for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at, bytes.length - at, at)
  ftruncateSync(fd, bytes.length)
}
