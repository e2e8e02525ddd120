import { closeSync, ftruncateSync, readFileSync, unlinkSync, writeSync } from 'node:fs'
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
    ftruncateSync(fd)
    writeSync(fd, String(process.pid), 0)
    taken.defer(() => unlinkSync(path))
  }
  return taken.move()
}

function lock(path: string, directory: string): number {
  const fd = lockFile(path)
  if (fd !== undefined) return fd
  throw new GalleyError('conflict', `a daemon is running already on ${directory}, process ${readFileSync(path, 'utf8')}`, {
    code: 'daemon.running',
    advice: 'galley daemon stop',
  })
}
