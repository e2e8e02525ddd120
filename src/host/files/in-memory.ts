import { closeSync, cpSync, lstatSync, mkdirSync, openSync, readdirSync, statfsSync } from 'node:fs'
import { mount, MS, unmount } from '#host/kernel/mount.ts'

/** Makes a directory whose files are in memory alone (never on a swap device where the kernel can keep it so), until it is disposed. */
export function inMemory(directory: string, bytes: number): Disposable {
  mkdirSync(directory, { mode: 0o700 })
  const options = `mode=0700,size=${bytes}`
  try {
    mountMemory(directory, `${options},noswap`)
  } catch {
    // Linux before 6.4 doesn't know noswap.
    mountMemory(directory, options)
  }
  return { [Symbol.dispose]: () => unmount(directory) }
}

/** Has what is put into a directory that is empty live in memory, if it doesn't already. Throws `SystemCallError`. */
export function keepInMemory(directory: string): void {
  if (isInMemory(directory) || readdirSync(directory).length > 0) return
  mountMemory(directory, 'mode=0700')
}

/** Undoes `keepInMemory`: the directories and files stay, on disk from now on; of other things, as FIFOs, nothing does. */
export function bringToDisk(directory: string): void {
  const memory = openSync(directory, 'r')
  try {
    unmount(directory)
    const from = `/proc/self/fd/${memory}`
    const filter = (path: string): boolean => lstatSync(path).isFile() || lstatSync(path).isDirectory()
    for (const name of readdirSync(from))
      cpSync(`${from}/${name}`, `${directory}/${name}`, { recursive: true, preserveTimestamps: true, filter })
  } finally {
    closeSync(memory)
  }
}

function isInMemory(directory: string): boolean {
  const [TMPFS_MAGIC, RAMFS_MAGIC] = [0x01021994, 0x858458f6]
  return [TMPFS_MAGIC, RAMFS_MAGIC].includes(statfsSync(directory).type)
}

function mountMemory(directory: string, options: string): void {
  mount('tmpfs', directory, 'tmpfs', MS.NOSUID | MS.NODEV | MS.NOEXEC, options)
}
