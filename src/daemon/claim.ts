import { closeSync, existsSync, ftruncateSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { GalleyError } from '#base/error.ts'
import { lockFile } from '#host/kernel/lock.ts'

/**
 * One daemon a data directory, and one a run directory, whose `daemon.pid` names it. Locks, not process ids, decide: what
 * a crash left over never hinders, nor does another process that was given the same id. Throws `conflict`.
 */
export function claim({ data, run }: { readonly data: string; readonly run: string }): Disposable {
  using taken = new DisposableStack()
  for (const [path, directory] of [
    [`${data}/daemon.lock`, data],
    [`${run}/daemon.pid`, run],
  ] as const) {
    const fd = taken.adopt(lock(path, directory), closeSync)
    if (directory === run) name(fd)
    else nameIfThereIsRoom(fd)
    taken.defer(() => rmSync(path, { force: true }))
  }
  return taken.move()
}

/** Takes the run directory again, when what was in it was deleted under a running daemon; whether that was so. */
export function claimAgain(run: string): boolean {
  const path = `${run}/daemon.pid`
  if (existsSync(path)) return false
  // It stays open: it is the lock of this process from here on.
  name(lock(path, run))
  return true
}

function name(fd: number): void {
  ftruncateSync(fd)
  writeSync(fd, String(process.pid), 0)
}

/** Of the lock of the data only people read whose it is. On a full disk, which a daemon is needed to clear, there may be no room for that. */
function nameIfThereIsRoom(fd: number): void {
  try {
    name(fd)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
  }
}

function lock(path: string, directory: string): number {
  const fd = lockFile(path)
  if (fd !== undefined) return fd
  throw new GalleyError('conflict', `a daemon is running already on ${directory}, process ${readFileSync(path, 'utf8')}`, {
    code: 'daemon.running',
    advice: 'galley daemon stop',
  })
}
