import { readFileSync, statSync } from 'node:fs'
import { sleep, type Clock } from '#base/clock.ts'
import { sendSignal } from '#host/process/signal.ts'

/** The process id of the daemon that runs with this run directory. */
export function runningDaemon(run: string): number | undefined {
  return holderOf(`${run}/daemon.pid`)
}

/** The process id of the keeper of this run directory. */
export function runningKeeper(run: string): number | undefined {
  return holderOf(`${run}/keeper.pid`)
}

/** Sends SIGTERM to the process that `find` finds, and SIGKILL after `patience` milliseconds. Resolves, when it has gone, with whether there was one. */
export async function endProcess(
  find: () => number | undefined,
  { patience, clock }: { patience: number; clock: Clock },
): Promise<boolean> {
  const pid = find()
  if (pid === undefined) return false
  sendSignal(pid, 'SIGTERM')
  using _killer = clock.after(patience, () => sendSignal(pid, 'SIGKILL'))
  while (find() === pid) await sleep(clock, 20)
  return true
}

/** Whether a daemon has just taken the data directory, and has not written down yet which process it is. */
export function isBeingClaimed(data: string): boolean {
  const path = `${data}/daemon.lock`
  return isLocked(path) && numberIn(path) === 0
}

/** The process that holds the lock on `path` and wrote its number into it. */
function holderOf(path: string): number | undefined {
  const pid = isLocked(path) ? numberIn(path) : 0
  return pid > 0 && isAlive(pid) ? pid : undefined
}

/** Looked up among the kernel's locks (proc_locks(5)) without taking the lock, so that asking never gets into a starting process's way. */
function isLocked(path: string): boolean {
  const file = statSync(path, { throwIfNoEntry: false })
  if (file === undefined) return false
  return readFileSync('/proc/locks', 'utf8')
    .split('\n')
    .some((line) => {
      const [, kind, , , , place] = line.trim().split(/\s+/)
      return kind === 'FLOCK' && place?.split(':')[2] === String(file.ino)
    })
}

/** 0 when it is not there yet, or the process has ended since, and taken the file with it. */
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
