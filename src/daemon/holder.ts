import { readFileSync, statSync } from 'node:fs'

/**
 * The process id of the daemon that runs with this run directory. Looked up among the kernel's locks (proc_locks(5)) without
 * taking the lock, so that asking never gets into a starting daemon's way.
 */
export function runningDaemon(run: string): number | undefined {
  const path = `${run}/daemon.pid`
  const file = statSync(path, { throwIfNoEntry: false })
  if (file === undefined) return undefined
  const held = readFileSync('/proc/locks', 'utf8')
    .split('\n')
    .some((line) => {
      const [, kind, , , , place] = line.trim().split(/\s+/)
      return kind === 'FLOCK' && place?.split(':')[2] === String(file.ino)
    })
  const pid = held ? numberIn(path) : 0
  return pid > 0 && isAlive(pid) ? pid : undefined
}

/** 0 when the daemon has ended since, and taken the file with it. */
function numberIn(path: string): number {
  try {
    return Number(readFileSync(path, 'utf8'))
  } catch {
    return 0
  }
}

/** Inode numbers repeat from one file system to the next. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
