import { closeSync, ftruncateSync, readFileSync, unlinkSync, writeSync } from 'node:fs'
import { GalleyError } from '#base/error.ts'
import { lockFile } from '#host/kernel/lock.ts'

/**
 * One daemon a data directory, and one a run directory, whose `daemon.pid` names it. Locks, not process ids, decide: what
 * a crash left over never hinders, nor does another process that was given the same id. Throws `conflict`.
 */
export function claim({ data, run }: { readonly data: string; readonly run: string }): Disposable {
  const pidFile = `${run}/daemon.pid`
  using taken = new DisposableStack()
  taken.adopt(lock(`${data}/daemon.lock`, data), closeSync)
  const fd = taken.adopt(lock(pidFile, run), closeSync)
  ftruncateSync(fd)
  writeSync(fd, String(process.pid), 0)
  taken.defer(() => unlinkSync(pidFile))
  return taken.move()
}

function lock(path: string, directory: string): number {
  const fd = lockFile(path)
  if (fd !== undefined) return fd
  const pid = readFileSync(path, 'utf8')
  throw new GalleyError('conflict', `a daemon is running already on ${directory}${pid && `, process ${pid}`}`, {
    code: 'daemon.running',
    advice: 'galley daemon stop',
  })
}
