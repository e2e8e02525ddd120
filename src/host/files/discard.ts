import { existsSync, lstatSync, readdirSync, rmSync, statfsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { GalleyError } from '#base/error.ts'
import { run, runSync, type RunResult } from '#host/process/run.ts'

/** Deletes a tree, and resolves when it is gone; one that is not there is no error. */
export async function deleteTree(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true })
  } catch (error) {
    if (!isTooDeep(error)) throw error
    check(path, await run('rm', ['-rf', '--', path]))
  }
}

/** How often a tree is deleted in which somebody else deletes, too. */
const attempts = 10

/** Deletes a tree at once, blocking the thread; one that is not there is no error. */
export function deleteNow(path: string): void {
  try {
    for (let attempt = 0; attempt < attempts; attempt++) {
      rmSync(path, { recursive: true, force: true })
      // Where another process has deleted something in it meanwhile, Node misses that, ends without an error and leaves the rest.
      if (!existsSync(path)) return
    }
  } catch (error) {
    if (!isTooDeep(error)) throw error
  }
  check(path, runSync('rm', ['-rf', '--', path]))
}

/** Programs make directories in directories that no path reaches as a whole, which Node deletes by: rm goes from one to the next. */
function isTooDeep(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENAMETOOLONG'
}

function check(path: string, { code, stderr }: RunResult): void {
  if (code !== 0) throw new GalleyError('unavailable', `delete ${path}: ${stderr.trim()}`, { code: 'disk.delete' })
}

/** What is deleted sooner than a task in the background is begun: entries, and bytes of a file, whose blocks take their time. */
const [fewEntries, fewBytes] = [40, 1 << 20]

/**
 * Deletes a tree: a small one at once, another in the background. What a crash leaves over is deleted at the next start, as it lies
 * among the trash.
 */
export function discard(path: string): void {
  try {
    if (entriesOf(path, fewEntries) <= fewEntries) {
      deleteNow(path)
      return
    }
  } catch {
    // It is not there, or not to be deleted: as below.
  }
  deleteTree(path).catch(() => undefined)
}

/** As `discard`; where room is short, resolves when it is gone: who removes something to make room uses that next. */
export async function discardForRoom(path: string, isShort = hasLittleRoom): Promise<void> {
  if (isShort(dirname(path))) await deleteTree(path).catch(() => undefined)
  else discard(path)
}

/** Bytes that are free at least where nobody has to wait for more. */
const enough = 64 << 20

/** Whether a directory's file system has little room. */
export function hasLittleRoom(directory: string): boolean {
  const { bavail, bsize } = statfsSync(directory)
  return bavail * bsize < enough
}

/** How many entries a tree has; more than `most` when there are more, or one is large. */
function entriesOf(path: string, most: number): number {
  let count = 0
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    const inside = `${path}/${entry.name}`
    if (entry.isDirectory()) count += entriesOf(inside, most - count)
    else if (entry.isFile() && lstatSync(inside).size > fewBytes) return most + 1
    if (++count > most) return count
  }
  return count
}
