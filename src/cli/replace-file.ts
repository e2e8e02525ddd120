import { randomUUID } from 'node:crypto'
import { closeSync, fchmodSync, fchownSync, fsyncSync, openSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'

/** What keeps a file from being put in another one's place, where that one may be written to all the same. */
const inTheWay: ReadonlySet<string | undefined> = new Set(['EACCES', 'EPERM', 'EBUSY', 'EROFS'])

/**
 * Gives a person's file another text, whole or not at all: a disk that is full, or a power cut, leaves the old one. Links, owner and mode
 * stay. Throws the system's errors.
 */
export function replaceFile(path: string, text: string): void {
  const real = realpathSync(path)
  const aside = `${real}.${randomUUID()}`
  try {
    writeLike(real, aside, text)
    renameSync(aside, real)
  } catch (error) {
    rmSync(aside, { force: true })
    // A directory that nothing may be put into, or a file that is mounted by itself.
    if (!inTheWay.has((error as NodeJS.ErrnoException).code)) throw error
    writeFileSync(real, text)
  }
}

function writeLike(model: string, path: string, text: string): void {
  const { mode, uid, gid } = statSync(model)
  const file = openSync(path, 'wx', 0o600)
  try {
    writeFileSync(file, text)
    fchownSync(file, uid, gid)
    fchmodSync(file, mode & 0o7777)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}
